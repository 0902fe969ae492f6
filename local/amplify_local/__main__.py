"""``python -m amplify_local``."""

import sys

from amplify_local.cli import main

sys.exit(main())

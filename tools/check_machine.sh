#!/bin/sh
# Says, a line each, what `make` lacks on this machine. The argument is the Python that the environment is made of.
python=$1
code=0

lacks() {
  echo "error: $1" >&2
  code=1
}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  found=$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null)
  lacks "Python 3.10 or newer is needed, and $python is ${found:-missing}; another one: make PYTHON=python3.13"
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  lacks "$python lacks the module venv or ensurepip (Debian and Ubuntu have them in the package python3-venv)"
fi

if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then
  found=$(node --version 2>/dev/null)
  lacks "Node 20 or newer is needed, and node is ${found:-missing}: https://nodejs.org"
elif ! npm --version >/dev/null 2>&1; then
  lacks "npm is needed, which comes with Node, and is missing: https://nodejs.org"
fi

exit $code

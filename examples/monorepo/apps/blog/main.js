import { heading } from '@example/ui';

document.body.append(heading('Blog'));

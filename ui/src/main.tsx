import { render } from 'preact';
import './styles/tokens.css';
import './styles/page.css';
import './styles/findings.css';
import './styles/vital-signs.css';
import './styles/flame.css';
import './styles/tables.css';
import './styles/print.css';
import { followHash } from './hash-state.ts';
import { followKeys } from './keys.ts';
import { Page } from './page.tsx';
import { followTheme } from './theme.ts';

followTheme();
followHash();
followKeys();
render(<Page />, document.getElementById('page')!);

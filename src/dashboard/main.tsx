import './early';
import './page.css';
import { createRoot } from 'react-dom/client';
import { httpApi } from './api';
import { Page } from './Page';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(<Page api={httpApi} />);
}

// First: others read the language as they are loaded.
import './lib/system-language';

import './styles/tokens.css';
import './styles/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { app } from './lib/backend';

const target = document.getElementById('app');
if (target) mount(App, { target, props: { backend: app } });

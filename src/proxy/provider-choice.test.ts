import { expect, it } from 'vitest';
import type { Provider } from '../core/record.ts';
import { chooseProvider } from './provider-choice.ts';

const provider = (name: string, models: string[], isDefault = false): Provider => ({
  name,
  api: 'openai',
  baseUrl: 'http://127.0.0.1',
  models,
  default: isDefault,
  streamOptions: true,
});
const providers = [
  provider('any', ['*']),
  provider('llama', ['llama*']),
  provider('seventy', ['llama-3-70b*']),
  provider('again', ['llama*']),
  provider('rest', [], true),
];

it.each([
  ['the longest literal part wins', 'llama-3-70b-instruct', 'seventy'],
  ['file order decides between equals', 'llama-3-8b', 'llama'],
  ['a bare star is the least specific match', 'gpt-5', 'any'],
])('%s', (_, model, expected) => {
  expect(chooseProvider(providers, null, model)?.name).toBe(expected);
});

it('the default serves what nobody lists', () => {
  expect(chooseProvider(providers.slice(1), null, 'gpt-5')?.name).toBe('rest');
  expect(chooseProvider(providers.slice(1, 4), null, 'gpt-5')).toBeNull();
});

it('a provider route is not restricted by models, and names nothing that does not exist', () => {
  expect(chooseProvider(providers, 'llama', 'gpt-5')?.name).toBe('llama');
  expect(chooseProvider(providers, 'constructor', 'gpt-5')).toBeNull();
});

import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What would turn text into markup or code: the text of users, logs and untrusted notebooks is only ever text. */
const MARKUP = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'createContextualFragment'];

export default tseslint.config(
  { ignores: ['**/lib/**', '**/*.mjs', '**/style/**'] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.tests.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      // Numbers in a sentence are meant.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Lumino's signals bind a slot with their second argument.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-syntax': [
        'error',
        ...MARKUP.map(name => ({
          selector: `MemberExpression[property.name='${name}']`,
          message: 'Text never becomes markup: use createElement and textContent.'
        }))
      ],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-restricted-globals': ['error', 'fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'],
      eqeqeq: 'error',
      'no-console': 'error',
      'prefer-const': 'error'
    }
  }
);

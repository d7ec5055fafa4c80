import { expect, test } from 'vitest';
import { maskSecret } from './environment-secrets.ts';

test.each([
  'DB_PASSWORD=x',
  'PGPASSWORD=x',
  'AWS_SECRET_ACCESS_KEY=x',
  'GITHUB_TOKEN=x',
  'API_KEY=x',
  'apikey=x',
  'SENTRY_DSN=x',
  'SESSION_SECRET=x',
  'BASIC_AUTH=x',
])('%s is masked', (variable) => {
  expect(maskSecret(variable)).toBe(`${variable.slice(0, variable.indexOf('='))}=***`);
});

test.each([
  'PATH=/usr/bin',
  'PWD=/app',
  'OLDPWD=/',
  'NODE_ENV=production',
  'AUTHOR=me',
  'KEYBOARD=us',
  'odd',
  '=x',
  'API_KEY=',
])('%s stays', (variable) => expect(maskSecret(variable)).toBe(variable));

test('a password within an address', () => {
  expect(maskSecret('DATABASE_URL=postgres://app:s3cret@db:5432/x')).toBe(
    'DATABASE_URL=postgres://app:***@db:5432/x',
  );
});

import { expect, it } from 'vitest';
import { KernelSymbols } from './kernel-symbols.ts';

const LIST = `ffffffff81000000 T _text
ffffffff81000100 t do_compat_wait.part.0
ffffffff81000100 t do_wait.part.0
ffffffff81000180 D some_data
ffffffff81000200 W weak_one
ffffffffc0a00000 t nft_do_chain\t[nf_tables]
ffffffff81000300 T late
`;

it('finds the function an address is in, data left out, in any order of the list', () => {
  const symbols = KernelSymbols.read(Buffer.from(LIST))!;
  expect(symbols.at(0xffff81000010)).toEqual({ name: '_text', module: '', start: 0xffff81000000 });
  expect(symbols.at(0xffff81000190)?.name).toBe('do_wait.part.0');
  expect(symbols.at(0xffff81000210)?.name).toBe('weak_one');
  expect(symbols.at(0xffff81000350)?.name).toBe('late');
  expect(symbols.at(0xffffc0a00010)).toEqual({
    name: 'nft_do_chain',
    module: '[nf_tables]',
    start: 0xffffc0a00000,
  });
  expect(symbols.at(0xffff80000000)).toBeUndefined();
  expect(symbols.addressOf('_text')).toBe(0xffff81000000);
  expect(symbols.addressOf('nobody')).toBeUndefined();
});

it('has none where the kernel hides its addresses, or the text is none', () => {
  expect(KernelSymbols.read(Buffer.from('0000000000000000 T _text\n0000000000000000 t x\n'))).toBeUndefined();
  expect(KernelSymbols.read(Buffer.from(''))).toBeUndefined();
  expect(KernelSymbols.read(Buffer.from('no list at all'))).toBeUndefined();
  expect(KernelSymbols.ofThisMachine('/nonexistent')).toBeUndefined();
});

import { expect, it } from 'vitest';
import { ElfFile } from './elf.ts';
import { ElfSymbolTable } from './elf-symbol-table.ts';

it('finds the same symbols for many addresses at once as one by one', () => {
  const elf = ElfFile.open(process.execPath)!;
  try {
    const table = new ElfSymbolTable(elf);
    const text = elf.sections.find(({ name }) => name === '.text')!;
    const addresses: number[] = [];
    for (let i = 0; i < 1000; i++)
      addresses.push(text.address + Math.floor((text.size * ((i * 7919) % 1000)) / 1000));
    addresses.push(0, text.address, text.address + text.size - 1);
    const many = table.nearest(addresses);
    for (const [index, address] of addresses.entries()) {
      const [one] = table.nearest([address]);
      expect([address, many[index]?.value, many[index]?.size]).toEqual([address, one?.value, one?.size]);
    }
  } finally {
    elf.close();
  }
});

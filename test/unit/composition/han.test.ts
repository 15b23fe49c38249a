import { expect, test } from 'vitest';
import { hanFormOf } from '../../../src/composition/han.ts';

test.each([
  ['张伟国', 'sc'],
  ['李明', 'sc'],
  ['陳巧恩', 'tc'],
  ['ㄨㄤˊ 小明', 'tc'],
  ['辻 太郎', 'jp'],
  ['山田 さくら', 'jp'],
  ['李在鎔 이재용', 'kr'],
  ['Ada', 'sc'],
])('%s is drawn as in %s', (name, form) => expect(hanFormOf(name)).toBe(form));

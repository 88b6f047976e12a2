// Reads as much of protobuf's encoding as OTLP needs, by a table of fields.

export type FieldType = 'text' | 'hex' | 'flag' | 'varint' | 'double' | 'fixed64' | Fields;

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly many?: true;
}

/** By number. */
export type Fields = Readonly<Record<number, Field>>;

type Message = Record<string, unknown>;

/** How long a value is that is not preceded by its length, by wire type. */
const fixedLengths: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

const decode = (type: FieldType, bytes: Buffer, number: number): unknown => {
  switch (type) {
    case 'text':
      return bytes.toString('utf8');
    case 'hex':
      return bytes.toString('hex');
    case 'flag':
      return number !== 0;
    case 'varint':
      return number;
    case 'double':
      return bytes.readDoubleLE();
    case 'fixed64':
      return Number(bytes.readBigInt64LE());
    default:
      return readMessage(bytes, type);
  }
};

/** A field that stands several times is a list, and there also when it does not stand at all. */
export const readMessage = (bytes: Buffer, fields: Fields): Message => {
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  };
  const message: Message = Object.fromEntries(Object.values(fields).flatMap(({ many, name }) => (many === true ? [[name, []]] : [])));
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    const number = wireType === 0 ? varint() : 0;
    const length = wireType === 0 ? 0 : wireType === 2 ? varint() : fixedLengths[wireType];
    if (length === undefined || at + length > bytes.length) throw new Error(`no protobuf at byte ${at}`);
    const value = bytes.subarray(at, at + length);
    at += length;
    const field = fields[tag >>> 3];
    if (field === undefined) continue;
    const decoded = decode(field.type, value, number);
    const list = message[field.name];
    if (Array.isArray(list)) list.push(decoded);
    else message[field.name] = decoded;
  }
  return message;
};

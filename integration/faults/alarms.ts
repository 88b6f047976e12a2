// How a broker is brought to raise its alarms, and to end them: what to tell rabbitmqctl.
export interface Alarm {
  readonly what: 'memory' | 'disk';
  readonly begin: readonly string[];
  readonly end: readonly string[];
}

export const alarms: readonly Alarm[] = [
  { what: 'memory', begin: ['set_vm_memory_high_watermark', 'absolute', '1MB'], end: ['set_vm_memory_high_watermark', '0.4'] },
  // More than any disk of a test has free.
  { what: 'disk', begin: ['set_disk_free_limit', '1000000GB'], end: ['set_disk_free_limit', '1MB'] },
];

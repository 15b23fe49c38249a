/** Running totals of all journals of a process, as `/metrics` shows them. Plain numbers: they are raised for every packet. */
export class JournalCounters {
  /** RTP packets taken into journals. */
  journal_packets_total = 0;
  /** Bytes taken into journals, all records. */
  journal_bytes_total = 0;
  /** Packets and reports that could not be taken: the memory in front of the disk was full, or they were malformed. */
  journal_dropped_packets_total = 0;
  journal_dropped_bytes_total = 0;
  /** Times that a disk took nothing for more than a second. */
  journal_stalls_total = 0;
  /** Journals that wait for such a disk now. */
  journal_stalled = 0;
  /** Journals that ended because the disk was full or failed. */
  journal_failures_total = 0;
}

/** Running totals of the media process, as `/metrics` shows them. Plain numbers: they are raised for every packet. */
export class MediaCounters {
  rtp_packets_received_total = 0;
  rtp_bytes_received_total = 0;
  rtp_packets_malformed_total = 0;
  /** Neither MID nor SSRC nor payload type says which m-line they belong to. */
  rtp_packets_unidentified_total = 0;
  rtp_packets_duplicate_total = 0;
  rtp_packets_repaired_total = 0;
  rtp_packets_nacked_total = 0;
  /** Asked for until it was too late. */
  rtp_packets_lost_total = 0;
  keyframes_requested_total = 0;
  rtp_packets_forwarded_total = 0;
  rtp_bytes_forwarded_total = 0;
  rtp_packets_retransmitted_total = 0;
  transports_opened_total = 0;
}

/** The data of a lane's BullMQ job. */
export interface LaneJob {
  lane: string
  /** The head as it lies in the mailbox, from the step that woke the lane; good for the job's first start only. */
  item?: string
}

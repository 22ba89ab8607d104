/**
 * What a connection is for. `request`: someone waits for an HTTP answer, so without Redis a command fails at once, and none
 * is ever sent a second time behind the caller's back. `worker`: commands wait until Redis is back and are sent again, as
 * BullMQ demands; it makes its blocking connections from this one. `subscriber`: only
 * listens; what to, and again after an outage, is up to Subscriptions.
 */
export type RedisRole = 'request' | 'worker' | 'subscriber'

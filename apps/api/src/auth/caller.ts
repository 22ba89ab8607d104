/** Who asks: a server with an API key, or a participant with the conversation's token. */
export type Caller = 'server' | 'participant'

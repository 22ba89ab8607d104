import { type Dialect, invalid } from './requests.ts'

/**
 * The dialect of UponAI's API reference: every request carries the workspace, in the body or, on GET, in the query.
 * @see https://documentation.uponai.com/api-reference/chats/create-chat
 */
export function restDialect(workspaceId: number): Dialect {
  const chatPath = (chatId: string) => `/api/chats/${encodeURIComponent(chatId)}`
  return {
    create: ({ agentId, agentVersion, metadata, dynamicVariables }) => {
      if (agentVersion !== undefined) throw invalid('create', 'agentVersion: the rest dialect cannot name one')
      const body = {
        workspaceId,
        agent_id: agentId,
        metadata,
        // The reference has the first name, UponAI's guide on dynamic variables the second: whichever is not read is ignored.
        uponai_dynamic_variables: dynamicVariables,
        retell_llm_dynamic_variables: dynamicVariables,
      }
      return { operation: 'create', method: 'POST', path: '/api/chats', body }
    },
    complete: ({ chatId, content }) => ({
      operation: 'complete',
      method: 'POST',
      path: `${chatPath(chatId)}/completions`,
      body: { workspaceId, content },
    }),
    get: (chatId) => ({ operation: 'get', method: 'GET', path: `${chatPath(chatId)}?workspaceId=${workspaceId}` }),
    list: ({ limit, sortOrder, paginationKey }) => {
      const query = new URLSearchParams({ workspaceId: `${workspaceId}`, sortOrder, limit: `${limit}` })
      if (paginationKey !== undefined) query.set('paginationKey', paginationKey)
      return { operation: 'list', method: 'GET', path: `/api/chats?${query}` }
    },
    update: (chatId, { metadata, customAttributes, overrideDynamicVariables }) => ({
      operation: 'update',
      method: 'PATCH',
      path: chatPath(chatId),
      body: {
        workspaceId,
        metadata,
        custom_attributes: customAttributes,
        override_dynamic_variables: overrideDynamicVariables,
      },
    }),
    end: (chatId) => ({ operation: 'end', method: 'POST', path: `${chatPath(chatId)}/end`, body: { workspaceId } }),
    delete: () => {
      throw invalid('delete', 'the rest dialect has no such request')
    },
    rerunAnalysis: () => {
      throw invalid('rerun-analysis', 'the rest dialect has no such request')
    },
  }
}

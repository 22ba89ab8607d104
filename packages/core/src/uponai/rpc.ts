import type { ChatFilter, Dialect } from './requests.ts'

/**
 * The dialect of UponAI's guide pages, whose wire details only Retell publishes: the key decides the workspace.
 * @see https://docs.retellai.com/api-references/create-chat
 */
export const rpcDialect: Dialect = {
  create: ({ agentId, agentVersion, metadata, dynamicVariables }) => ({
    operation: 'create',
    method: 'POST',
    path: '/create-chat',
    body: {
      agent_id: agentId,
      agent_version: agentVersion,
      metadata,
      retell_llm_dynamic_variables: dynamicVariables,
    },
  }),
  complete: ({ chatId, content }) => ({
    operation: 'complete',
    method: 'POST',
    path: '/create-chat-completion',
    body: { chat_id: chatId, content },
  }),
  get: (chatId) => ({ operation: 'get', method: 'GET', path: `/get-chat/${encodeURIComponent(chatId)}` }),
  list: ({ limit, sortOrder, paginationKey, filter }) => ({
    operation: 'list',
    method: 'POST',
    path: '/v3/list-chats',
    body: {
      sort_order: sortOrder,
      limit,
      pagination_key: paginationKey,
      filter_criteria: filter && criteriaOf(filter),
    },
  }),
  update: (chatId, { metadata, customAttributes, overrideDynamicVariables }) => ({
    operation: 'update',
    method: 'PATCH',
    path: `/update-chat/${encodeURIComponent(chatId)}`,
    body: {
      metadata,
      custom_attributes: customAttributes,
      override_dynamic_variables: overrideDynamicVariables,
    },
  }),
  end: (chatId) => ({ operation: 'end', method: 'PATCH', path: `/end-chat/${encodeURIComponent(chatId)}` }),
  delete: (chatId) => ({
    operation: 'delete',
    method: 'DELETE',
    path: `/delete-chat/${encodeURIComponent(chatId)}`,
  }),
  rerunAnalysis: (chatId) => ({
    operation: 'rerun-analysis',
    method: 'PUT',
    path: `/rerun-chat-analysis/${encodeURIComponent(chatId)}`,
  }),
}

function criteriaOf({ agentId, status, startedAfter, startedBefore }: ChatFilter) {
  return {
    agent: agentId === undefined ? undefined : [{ agent_id: agentId }],
    chat_status: status && { type: 'enum', op: 'in', value: [status] },
    start_timestamp: startCriterion(startedAfter?.getTime(), startedBefore?.getTime()),
  }
}

function startCriterion(after: number | undefined, before: number | undefined) {
  if (after !== undefined && before !== undefined) return { type: 'range', op: 'bt', value: [after, before] }
  if (after !== undefined) return { type: 'number', op: 'ge', value: after }
  return before === undefined ? undefined : { type: 'number', op: 'le', value: before }
}

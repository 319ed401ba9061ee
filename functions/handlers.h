// Handlers of the commands of scripts and functions, for their tables. See Handler in
// command_spec.h.
#ifndef SLOTMESH_FUNCTIONS_HANDLERS_H_
#define SLOTMESH_FUNCTIONS_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::functions {

// eval_handlers.cc
void Eval(node::CommandContext& ctx, node::Args args);
void EvalSha(node::CommandContext& ctx, node::Args args);
// What their scripts declare, as CommandSpec::request_flags.
node::Flag EvalFlags(void* family, node::Flag row, node::Args args);
node::Flag EvalShaFlags(void* family, node::Flag row, node::Args args);
// script_handlers.cc
void ScriptLoad(node::CommandContext& ctx, node::Args args);
void ScriptExists(node::CommandContext& ctx, node::Args args);
void ScriptShow(node::CommandContext& ctx, node::Args args);
void ScriptFlush(node::CommandContext& ctx, node::Args args);
void ScriptDebug(node::CommandContext& ctx, node::Args args);
void ScriptKill(node::CommandContext& ctx, node::Args args);
void ScriptHelp(node::CommandContext& ctx, node::Args args);
void FunctionKill(node::CommandContext& ctx, node::Args args);
// function_handlers.cc
void FCall(node::CommandContext& ctx, node::Args args);
node::Flag FCallFlags(void* family, node::Flag row, node::Args args);
node::Flag LibraryFlags(void* family, node::Flag row, node::Args args);
void FunctionLoad(node::CommandContext& ctx, node::Args args);
void FunctionDelete(node::CommandContext& ctx, node::Args args);
void FunctionFlush(node::CommandContext& ctx, node::Args args);
void FunctionDump(node::CommandContext& ctx, node::Args args);
void FunctionRestore(node::CommandContext& ctx, node::Args args);
// function_list.cc
void FunctionList(node::CommandContext& ctx, node::Args args);
void FunctionStats(node::CommandContext& ctx, node::Args args);
void FunctionHelp(node::CommandContext& ctx, node::Args args);

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_HANDLERS_H_

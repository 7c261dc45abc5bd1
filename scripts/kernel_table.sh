#!/usr/bin/env bash
# Writes docs/kernels.md: what the head of every kernel file says, and what ptxas says of every kernel.
#   scripts/kernel_table.sh LOG
# LOG: the output of a whole build of target ganymede_kernels_cuda (which compiles with -Xptxas=-v).
set -euo pipefail
log=$(realpath "$1")
cd "$(dirname "$0")/.."
table=$(c++filt <"$log" | awk '
  /Building CUDA object/ { file = $NF; sub(/.*\/src\//, "", file); sub(/\.o$/, "", file) }
  /Compiling entry function/ {
    arch = $NF; gsub(/\047/, "", arch)
    match($0, /[a-z0-9_]+_kernel/); kernel = substr($0, RSTART, RLENGTH)
  }
  /bytes stack frame/ { stack = $1; spill = $5 + $9 }
  /Used [0-9]+ registers/ {
    match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5) + 0
    key = file SUBSEP kernel
    if (!(key in seen)) { seen[key] = 1; order[++n] = key }
    k = key SUBSEP arch
    if (!(k in count) || registers < least[k]) least[k] = registers
    if (registers > most[k]) most[k] = registers
    count[k]++
    if (stack > frame[key]) frame[key] = stack
    spills[key] += spill
  }
  function range(k) { return count[k] ? (least[k] == most[k] ? most[k] : least[k] " to " most[k]) : "-" }
  END {
    for (i = 1; i <= n; ++i) {
      split(order[i], part, SUBSEP)
      a = order[i] SUBSEP "sm_80"; b = order[i] SUBSEP "sm_90a"
      printf "| %s | %s | %d | %s | %s | %d | %d |\n", part[1], part[2], count[a], range(a), range(b), frame[order[i]], spills[order[i]]
    }
  }' | sort -u)
[ -n "$table" ] || { echo "kernel_table: $log holds no output of ptxas; build ganymede_kernels_cuda anew with nvcc" >&2; exit 1; }
head_of() { awk '/^\/\//{ sub(/^\/\/ ?/, ""); print; next } { exit }' "$1"; }
{
  cat <<'TEXT'
# The kernels

Written by `scripts/kernel_table.sh LOG` from the sources and from a build's log; change the sources, not this page. Each
kernel file begins with what it computes, what a block, a warp and a thread own, what it moves and what is
expected to bound it; the first section gathers that. Formulas with all their symbols are in `kernels/api`. The bounds named here are expectations;
what was measured on a card is in `docs/results`.

## What they own, move and are bound by
TEXT
  for f in kernels/src/*.cu kernels/device/{gemm_problem,attention_tiles,flash,flash_twin,tile_table,tile_multiply,twin_multiply,twin_weights,turned_pixels,tile_simt,tile_parts,columns,column_merge,norm_plan,norm_resident}.h; do
    case $f in */table.cu) continue ;; esac
    printf '\n**%s**\n\n```\n%s\n```\n' "$f" "$(head_of "$f")"
  done
  cat <<TEXT

## Registers

From \`nvcc -Xptxas=-v\` ($(sed -n "s/.*cuda device: .*nvcc \([0-9.]*\),.*/\1/p" "$log" | head -1)). A kernel is compiled once for each type and option: *versions* counts them, registers are the
smallest and largest among them. Stack and spills are in bytes, the largest and the sum over versions;
\`scripts/test.sh\` fails on a spill. Shared memory is always dynamic, \`launch<Shared>\` asks for the size of the struct
named \`Shared\` or handed to \`launch\` in the kernel's file, so ptxas does not see it; \`ganymede kernels\` prints it for the
twins. A kernel for sm_90a alone is empty in the code for sm_80, where nobody launches it.

| file | kernel | versions | registers, sm_80 | registers, sm_90a | stack | spills |
|---|---|---|---|---|---|---|
$table
TEXT
} >docs/kernels.md
echo "kernel_table: docs/kernels.md, $(echo "$table" | wc -l) kernels"

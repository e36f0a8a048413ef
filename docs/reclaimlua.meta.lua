-- SPDX-License-Identifier: Apache-2.0
---@meta
-- Printed from the manual in Sources/Scripting by a test: RECORD=1 scripts/test.
-- For editors with lua-language-server: add this file to Lua.workspace.library.

---@alias Size string|integer a size such as "768 MiB"; a whole number is bytes
---@alias Limit string|integer a size, or "max"
---@alias Time string|integer a time such as "10 ms"; a whole number is nanoseconds
---@alias PageCount string|integer pages; as a string with a unit, bytes

---@class MachineFields
--- name of a file beside the scenario: a recording of a real machine, or only its question
--- (machine, set-up, state before the workload), or what scripts/capture-host wrote. The machine
--- boots as the real one stood; the recorded workload is not performed
---@field like? string
--- the kernel generation: "6.1" (the default) or "5.10". With like the other kernel runs, on the
--- zones, watermarks and lists of the file
---@field kernel? string
--- memory of the machine, such as "4 GiB"; without like, memory and nodes it has "1 GiB"
---@field memory? Size
--- the same, node by node: { { cpus = 1, memory = "4 GiB" } }. Several nodes and several CPUs are
--- refused by name
---@field nodes? MachineNodeFields[]
--- the disk that files lie on: { ssd = { read_ahead = "256 KiB" } }; without it, a "pmem"
---@field disks? table<string, DiskFields>
--- files: { name = size, … }, besides those that like has; they exist and are not cached
---@field files? table<string, Size>
--- directories of small files: { name = files, … }; they exist and no name is remembered
---@field directories? table<string, integer>
--- { size = "256 MiB", on = "pmem" }: one swap area, in place of one that like has; false: none
---@field swap? SwapFields|false
--- { ["vm.swappiness"] = 100 }, by the kernel's names and with the values it takes; see below
---@field sysctl? table<string, integer>
--- whether cgroups are mounted with that option, as systemd does: protection of a cgroup that its
--- children do not ask for is shared by them; false unless said, as in the recordings
---@field memory_recursiveprot? boolean
---@field seed? integer the seed of everything random on this machine, in place of --seed's
---@field trace? boolean true keeps trace events for m:trace_events()

---@class MachineNodeFields
---@field cpus? integer 1, the default; more are refused by name
---@field memory? Size the node's memory

---@class DiskFields
--- "pmem", the default: memory outside the machine; a page is copied by the task that needs it.
--- File systems on other kinds are refused by name
---@field kind? string
---@field read_ahead? Size the largest readahead window, "128 KiB" unless said: read_ahead_kb
---@field request? Size the largest request, "1280 KiB" unless said: max_sectors_kb

---@class SwapFields
---@field size? Size of the area, without its header page; has to be said
---@field on? string the kind of device, see below; "pmem" is the default
---@field latency? Time of "null": of a request, whatever its size; "100 us"
---@field depth? integer of "null": requests worked on at once, 1 to 1024; 64
---@field ratio? number of "zram": how many times smaller a page gets, 1 to 100; 3

---@class CgroupFields
---@field name? string a name without /; has to be said
---@field parent? Cgroup the cgroup it is made in; without it, the root
---@field memory? CgroupFiles files of it that are written at once; see below

---@class CgroupFiles
---@field max? Limit memory.max: the limit
---@field swap_max? Limit memory.swap.max: how much of it may be in swap
---@field high? Limit memory.high
---@field low? Limit memory.low
---@field min? Limit memory.min
---@field swap_high? Limit memory.swap.high
---@field oom_group? boolean memory.oom.group

---@class TriggerFields
--- "some" or "full", a line of memory.pressure, or "events": memory.events has changed since this
--- task last returned from such a wait
---@field on? string
---@field stall? Time of a pressure line: the stall time within a window that is an event
---@field window? Time of a pressure line: 500 ms to 10 s; "1 s" unless said

---@class TaskFields
---@field cgroup? Cgroup the cgroup it starts in; without it, the root

---@class ReclaimFields
--- 0 to 200, of this call alone. 6.1 knows no such word behind the amount: nil, "EINVAL"
---@field swappiness? integer

---@class MapFields
--- tells it apart in messages and gives it its stream of the scenario's seed; without one "area
--- 1", "area 2" …
---@field name? string
---@field shared? boolean true: shared with others; without it, private

---@class MapFileFields
---@field file? string whose pages it shows; without one, anonymous memory
---@field from? PageCount its first page in the file; 0
---@field size? Size without it, to the end of the file
---@field shared? boolean of a file shared unless false, else private unless true
---@field name? string as above

---@class PatternFields
---@field pattern? string "seq", the default, "rev", "next", "rand", "zipf" or "hot"
---@field from? PageCount first page; 0
---@field n? PageCount pages of the range; all after from
---@field stride? integer pages from one access to the next, of "seq" and "rev"; 1
---@field count? PageCount draws, of the random ones; n
---@field ["repeat"]? integer how often; 1. A word of Lua's, so written ["repeat"] = 3
--- where the draws begin; without it they go on in the file's or area's own stream of the
--- scenario's seed
---@field seed? integer
---@field scramble? boolean "zipf": spreads neighbouring ranks over the range
---@field pct? integer "hot": per cent of the draws that fall on the hot pages
---@field hot? PageCount "hot": how many pages are hot, the first of the range

---@class TouchFields
---@field write? boolean false: loads; without it, stores
---@field fill? boolean true: stores the whole page
---@field pattern? string "seq", the default, "rev", "next", "rand", "zipf" or "hot"
---@field from? PageCount first page; 0
---@field n? PageCount pages of the range; all after from
---@field stride? integer pages from one access to the next, of "seq" and "rev"; 1
---@field count? PageCount draws, of the random ones; n
---@field ["repeat"]? integer how often; 1. A word of Lua's, so written ["repeat"] = 3
--- where the draws begin; without it they go on in the file's or area's own stream of the
--- scenario's seed
---@field seed? integer
---@field scramble? boolean "zipf": spreads neighbouring ranks over the range
---@field pct? integer "hot": per cent of the draws that fall on the hot pages
---@field hot? PageCount "hot": how many pages are hot, the first of the range

---@class RangeFields
---@field from? PageCount first page; 0
---@field n? PageCount how many; all after from

---@class Machine
---@field node table<integer, Node> the nodes, from 0: m.node[0].free
local Machine = {}

--- the cgroup; or nil and the kernel's error name
---@param fields CgroupFields
---@return Cgroup?
---@return string? error
function Machine:cgroup(fields) end

--- the task. It starts when time passes
---@param name string
---@param fields TaskFields|fun(t: Task)
---@param body? fun(t: Task)
---@return Task
function Machine:spawn(name, fields, body) end

--- nothing; lets that much time pass, or until all tasks have ended. Raises the error of a task
--- that failed, and tells why the machine itself could not go on, who waits for a signal that
--- nobody gives, or what has not ended after a day
---@param time? Time
function Machine:run(time) end

--- what the function answers: it is a task of the root cgroup, run to its end, while the others
--- run too
---@param body fun(t: Task): any
---@return any
function Machine:call(body) end

--- nothing; from now on the function runs each time that much has passed, as a task of the root
--- cgroup. No run waits for it
---@param time Time
---@param look fun(t: Task)
function Machine:every(time, look) end

--- nothing; the function runs once, that much later than now, as a task of the root cgroup
---@param time Time
---@param look fun(t: Task)
function Machine:at(time, look) end

--- nothing; from now on the gauges are sampled every so often ("100 ms" unless said) while time
--- passes, and drawn in the report. A gauge is a field of vmstat, "nr_free_pages", or of a
--- cgroup: its path, a dot, and a field of memory.stat, current or swap_current, as in
--- "web.file". It changes nothing, and no run waits for it: the last task that ends ends it too
---@param gauges table
function Machine:watch(gauges) end

--- what can be seen of the machine now
---@return Snapshot
function Machine:snapshot() end

--- /proc/vmstat: the fields that this kernel has, by its names
---@return table<string, integer>
function Machine:vmstat() end

--- the text of a file of /proc as that kernel prints it: "vmstat", "meminfo", "zoneinfo",
--- "buddyinfo", "pagetypeinfo", "swaps", "pressure/memory"; without the lines of what is not
--- simulated
---@param name string
---@return string
function Machine:proc(name) end

--- caches of kernel objects by the kernel's names (dentry, ext4_inode_cache, radix_tree_node …):
--- { objects, free, pages, unused, negative, object_size, per_slab }. objects are those in use
--- that came since boot, free those free in slabs, pages those of slabs taken since boot; unused
--- may be freed by a shrinker, and negative dentries say that there is no such file
---@return table<string, table<string, integer>>
function Machine:slabinfo() end

--- what t:mark saw, in order: { name, at, vmstat, cgroups }; at in nanoseconds since boot,
--- cgroups[path] is { stat, events, current, swap_current }
---@return table[]
function Machine:marks() end

--- nothing; the value joins the report. A list of values is noted as one line
---@param name string
---@param value string|number|boolean|table
function Machine:note(name, value) end

--- the report as it would stand now
---@return string
function Machine:report() end

--- the kernel's log since boot, oldest first: { at, text }; what the OOM killer reports
---@return table[]
function Machine:kernel_log() end

--- in order: { at, name, text, … }, text as ftrace prints it, and each numeric name=value of it
--- as a field, such as nr_scanned; see below
---@return table[]
function Machine:trace_events() end

---@class Node
---@field number integer 0, 1 …
---@field free integer free memory in bytes; what per-CPU lists hold is not free
---@field managed integer memory that the kernel manages, in bytes
--- by name (DMA, DMA32, Normal): { free, min, low, high, managed, per_cpu }, in pages as in
--- /proc/zoneinfo
---@field zones table<string, table<string, integer>>
local Node = {}

--- the node's own part of the counters
---@return table<string, integer>
function Node:vmstat() end

---@class Snapshot
---@field at integer nanoseconds since boot; of a difference, nanoseconds between
---@field vmstat table<string, integer> /proc/vmstat
--- by path, "/" the root: { stat, events, current, swap_current }
---@field cgroups table<string, table>
local Snapshot = {}

---@class Cgroup
---@field path string such as "a/b"
local Cgroup = {}

--- memory.stat, those below included; bytes where the file prints bytes
---@return table<string, integer>
function Cgroup:stat() end

--- memory.events, those below included
---@return table<string, integer>
function Cgroup:events() end

--- memory.current, bytes
---@return integer
function Cgroup:current() end

--- memory.swap.current, bytes
---@return integer
function Cgroup:swap_current() end

--- memory.peak, bytes; nil where the kernel has no such file
---@return integer?
function Cgroup:peak() end

--- memory.pressure: { some, full }, each { avg10, avg60, avg300, total }, in per cent and
--- microseconds
---@return table<string, table<string, number>>
function Cgroup:pressure() end

--- true; writes the files of those names, outside of time, and so only where it needs no reclaim:
--- a limit below what the cgroup holds is an error that names t:set
---@param files CgroupFiles
---@return boolean?
---@return string? error
function Cgroup:set(files) end

--- a file of the cgroup as the kernel prints it, such as "memory.pressure"; nil where the kernel
--- has none
---@param name string
---@return string?
function Cgroup:file(name) end

--- a trigger for t:wait, on memory.pressure or memory.events
---@param fields TriggerFields
---@return Trigger
function Cgroup:trigger(fields) end

---@class Task
---@field name string as it was spawned
---@field state string "running", "done", "killed" or "failed"
--- { running, reclaiming, waiting }, nanoseconds: on the CPU, of it in reclaim, and since its
--- start off the CPU
---@field time table<string, integer>
--- { freepages_count, freepages_delay_total }, as taskstats: cycles of reclaim that it went
--- through, in direct reclaim, at a limit or because it was asked, and nanoseconds from their
--- begin to their end
---@field delay table<string, integer>
local Task = {}

--- the file; or nil, "ENOENT"
---@param name string
---@return File?
---@return string? error
function Task:open(name) end

--- a directory of small files; or nil, "ENOENT"; suspends nothing
---@param name string
---@return Directory?
---@return string? error
function Task:directory(name) end

--- an area of anonymous memory, or one that shows a file's pages; or nil, "ENOMEM" or "ENOENT".
--- Nothing of it is in memory before it is touched
---@param size Size|MapFileFields
---@param fields? MapFields
---@return Area?
---@return string? error
function Task:map(size, fields) end

--- true
---@param time Time
---@return boolean
function Task:sleep(time) end

--- true; uses the CPU for that long
---@param time Time
---@return boolean
function Task:compute(time) end

--- nanoseconds since boot; suspends nothing
---@return integer
function Task:now() end

--- true; an observer in the root cgroup reads all counters, which costs what it costs on a real
--- machine
---@param name string
---@return boolean
function Task:mark(name) end

--- nothing; whoever waits for that signal goes on. It stays given; suspends nothing
---@param name string
function Task:signal(name) end

--- true, as soon as that signal is given, or the trigger (cg:trigger) has an event
---@param what string|Trigger
---@return boolean?
---@return string? error
function Task:wait(what) end

--- true; writes the cgroup's files; a max below what it holds reclaims first
---@param cgroup Cgroup
---@param files CgroupFiles
---@return boolean?
---@return string? error
function Task:set(cgroup, files) end

--- pages, as writing to memory.reclaim; or nil, "EAGAIN" when fewer could be had
---@param cgroup Cgroup
---@param size Size
---@param fields? ReclaimFields
---@return integer?
---@return string? error
function Task:reclaim(cgroup, size, fields) end

--- true, as rmdir: what it was charged for stays, and counts for those above; or nil, "EBUSY"
--- while tasks or cgroups are in it
---@param cgroup Cgroup
---@return boolean?
---@return string? error
function Task:remove(cgroup) end

--- true; the task is in that cgroup from now on
---@param cgroup Cgroup
---@return boolean?
---@return string? error
function Task:move(cgroup) end

--- true; −1000 (never killed) to 1000
---@param n integer
---@return boolean
function Task:oom_score_adj(n) end

--- a block of 2^order page frames, as the kernel's own code asks for it; or nil, "ENOMEM". gfp:
--- the kernel's flags, see Blocks; without it "GFP_KERNEL"
---@param order integer
---@param gfp? string
---@return Block?
---@return string? error
function Task:alloc_pages(order, gfp) end

--- true; writes 1 (page cache), 2 (slab) or 3 (both) to vm.drop_caches
---@param what integer
---@return boolean
function Task:drop_caches(what) end

--- true. From now on the tasks of those names take turns in that order, so many accesses each:
--- what competes is the memory, not the scheduler. A turn begins when all of them that were
--- spawned and have not ended wait for theirs; each has to ask, with the same names
---@param every integer
---@param tasks string[]
---@return boolean?
---@return string? error
function Task:take_turns(every, tasks) end

--- does not answer; the task ends here
function Task:exit() end

---@class Area
---@field name string as it was mapped, or "area 1" …
---@field size integer bytes
local Area = {}

--- true. One load or store at the start of a page for each access of the pattern; without one,
--- the whole area in order
---@param fields? TouchFields
---@return boolean
function Area:touch(fields) end

--- true; or nil, "EINVAL". madvise: "normal", "random", "sequential", "willneed", "dontneed",
--- "free", "cold", "pageout", "hugepage", "nohugepage"; without a range, the whole area
---@param advice string
---@param range? RangeFields
---@return boolean?
---@return string? error
function Area:advise(advice, range) end

--- true; mlock, which brings the pages into memory
---@param range? RangeFields
---@return boolean?
---@return string? error
function Area:lock(range) end

--- true; munlock
---@param range? RangeFields
---@return boolean?
---@return string? error
function Area:unlock(range) end

--- true; the whole area. What is asked of it afterwards is an error
---@return boolean?
---@return string? error
function Area:unmap() end

---@class File
---@field name string as it was opened
---@field size integer bytes
local File = {}

--- true; or nil, "ENOMEM". One read of a page for each access of the pattern; without one, the
--- whole file in order
---@param fields? PatternFields
---@return boolean?
---@return string? error
function File:read(fields) end

--- true; posix_fadvise: "normal", "random", "sequential", "willneed", "dontneed", "noreuse";
--- without a range, the whole file
---@param advice string
---@param range? RangeFields
---@return boolean?
---@return string? error
function File:advise(advice, range) end

--- true; what of the file is cached and nobody uses leaves the cache: "dontneed" for the whole
--- file
---@return boolean?
---@return string? error
function File:drop() end

---@class Directory
---@field name string as the machine was told it
---@field files integer how many files it has
local Directory = {}

--- true; or nil, "ENOMEM". One stat of a file for each access of the pattern, counted in files;
--- without one, every file in order
---@param fields? PatternFields
---@return boolean?
---@return string? error
function Directory:stat(fields) end

--- true; or nil, "ENOMEM". The same with n names that do not exist, from from on: each leaves a
--- negative dentry
---@param fields PatternFields
---@return boolean?
---@return string? error
function Directory:stat_missing(fields) end

---@class Block
---@field order integer it has 2^order page frames
---@field pfn integer the number of its first page frame
---@field size integer bytes
local Block = {}

--- true; the block is given back, once, by whichever task calls
---@return boolean
function Block:free() end

---@class Trigger

--- boots a machine; see below
---@param fields? MachineFields
---@return Machine
function machine(fields) end

--- bytes, as an integer
---@param size Size
---@return integer
function size(size) end

--- nanoseconds, as an integer
---@param time Time
---@return integer
function span(time) end

--- the truth. What the author expects, in words, and whether it is so (true or false); the
--- scenario goes on either way and fails at its end if one did not hold
---@param what string
---@param truth boolean
---@return boolean
function expect(what, truth) end

--- refused by name: memory policies come with machines of several nodes
---@param node integer
function bind(node) end

--- refused by name, likewise
---@param node integer
function prefer(node) end

--- The script, arg[0], and its arguments, arg[1] …
---@type string[]
arg = {}

--- What --kernel asked for; nil without it.
---@type string|nil
kernel = nil

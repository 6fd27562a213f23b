// Processes every hostile input in several sizes, for a profiler that counts what each costs:
//   hostile-work SIZE...
internal import FuzzProperties

/// Under this name the profiler finds what it is to count.
@_silgen_name("assay_measured_work") @inline(never)
func measuredWork(_ index: Int, _ input: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    HostileMessage.all[index].process(Array(UnsafeBufferPointer(start: input, count: count)))
}

for index in HostileMessage.all.indices {
    let message = HostileMessage.all[index]
    for size in CommandLine.arguments.dropFirst().compactMap({ Int($0) }) {
        let input = message.make(size)
        let isAccepted = measuredWork(index, input, input.count)
        print(message.name, size, isAccepted ? "accepted" : "refused", separator: "\t")
    }
}

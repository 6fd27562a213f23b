// Loads and compiles every hostile model file in one size and prints what it took:
//   hostile-models MEGABYTES [NAME]
// It fails if one takes longer than a minute, or holds more than four times the file and 64 MiB.
internal import CAllocationCounter
internal import ModelProperties

let arguments = CommandLine.arguments.dropFirst()
let size = (arguments.first.flatMap { Int($0) } ?? 1) << 20
let wanted = arguments.dropFirst().first
let clock = ContinuousClock()
var failures = 0
print("file MiB", "held MiB", "allowed", "seconds", "name", separator: "\t")
for model in HostileModel.all where wanted.map({ model.name.contains($0) }) ?? true {
    let bytes = model.make(size)
    let start = clock.now
    allocation_counter_start()
    let result = model.load(bytes)
    let held = Int(allocation_counter_stop().peak)
    let seconds = Double((clock.now - start) / .milliseconds(1)) / 1_000
    let allowed = 4 * bytes.count + 64 << 20
    let isFine = held <= allowed && seconds <= 60
    failures += isFine ? 0 : 1
    let outcome =
        switch result {
        case .success(let kept): "\(kept >> 20) MiB kept"
        case .failure(let refusal): "refused: \(refusal.text.prefix(120))"
        }
    print(
        bytes.count >> 20, held >> 20, allowed >> 20, seconds,
        "\(isFine ? "" : "FAILED ")\(model.name): \(outcome)", separator: "\t")
}
if failures > 0 { fatalError("\(failures) files took too much") }

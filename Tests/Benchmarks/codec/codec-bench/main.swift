// codec-bench                      everything, 15 rounds
// codec-bench --rounds 3 --quick   a look: short rounds
// codec-bench --check              fails if a target of wire.md §19 is missed
// codec-bench --only 0 strict 1000 one operation of one payload, for a profiler
internal import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())

func value(after option: String) -> String? {
    guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else {
        return nil
    }
    return arguments[index + 1]
}

let workloads = try Workload.all()

if let index = arguments.firstIndex(of: "--only") {
    guard arguments.count == index + 4, let payload = Int(arguments[index + 1]),
        workloads.indices.contains(payload), let count = Int(arguments[index + 3]),
        let operation = Operation.allCases.first(where: { "\($0)" == arguments[index + 2] })
    else {
        print(
            "usage: codec-bench --only PAYLOAD OPERATION COUNT; operations: \(Operation.allCases)")
        exit(2)
    }
    try workloads[payload].run(operation, count)
    exit(0)
}

let rounds = value(after: "--rounds").flatMap { Int($0) } ?? 15
let seconds = arguments.contains("--quick") ? 0.002 : 0.02
print(Report.header(rounds: rounds))

var verdicts: [(text: String, isMet: Bool)] = []
for workload in workloads {
    var figures: [Operation: Measurement] = [:]
    for operation in Operation.allCases {
        figures[operation] = try Measurement(workload, operation, seconds: seconds)
    }
    for _ in 0..<rounds {
        for operation in Operation.allCases {
            try figures[operation]?.addRound(workload, operation)
        }
    }
    let result = Result(workload: workload, figures: figures)
    print(result.lines.joined(separator: "\n"))
    verdicts += result.verdicts
}

let missed = verdicts.filter { !$0.isMet }
print("\n\(verdicts.count - missed.count) of \(verdicts.count) targets met")
for verdict in missed { print("missed: \(verdict.text)") }
if arguments.contains("--check"), !missed.isEmpty { exit(1) }

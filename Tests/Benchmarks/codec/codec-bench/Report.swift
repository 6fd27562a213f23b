internal import Foundation
internal import SwiftProtobuf

/// The figures of one payload.
struct Result {
    let workload: Workload
    let figures: [Operation: Measurement]

    subscript(operation: Operation) -> Measurement {
        guard let figure = figures[operation] else { preconditionFailure("not measured") }
        return figure
    }

    var lines: [String] {
        var lines = ["\(workload.name), \(workload.bytes.count) bytes"]
        lines.append(line("encode", .encode, .peerEncode))
        lines.append(line("decode, strict", .strict, .peerDecode))
        lines.append(line("decode, tolerant", .tolerant, .peerDecode))
        return lines
    }

    private func line(_ name: String, _ ours: Operation, _ theirs: Operation) -> String {
        let (a, b) = (self[ours], self[theirs])
        return name.padded(20) + cell(a.median, 9) + cell(a.spread, 6) + "%"
            + cell(b.median, 11) + cell(b.spread, 6) + "%"
            + String(format: "%8.2f×", a.ratio(of: b)) + cell(a.allocations, 9)
            + cell(b.allocations, 8)
    }

    private func cell(_ value: Double, _ width: Int) -> String {
        String(format: "%\(width).0f", value)
    }

    /// A line per target, and whether it is met.
    var verdicts: [(text: String, isMet: Bool)] {
        var verdicts: [(String, Bool)] = []
        func check(_ what: String, _ value: Double, atMost limit: Double) {
            verdicts.append(
                (String(format: "%@: %.2f, at most %.2f", what, value, limit), value <= limit))
        }
        func check(_ what: String, _ value: Double, atLeast limit: Double) {
            verdicts.append(
                (String(format: "%@: %.2f, at least %.2f", what, value, limit), value >= limit))
        }
        let (encode, strict, tolerant) = (self[.encode], self[.strict], self[.tolerant])
        if let target = Target.all[workload.name] {
            check(
                "encode against SwiftProtobuf", encode.ratio(of: self[.peerEncode]),
                atLeast: target.encodeRatio)
            check("encode, ns", encode.median, atMost: target.encodeNanoseconds)
            check(
                "strict decode against SwiftProtobuf", strict.ratio(of: self[.peerDecode]),
                atLeast: target.decodeRatio)
            check("strict decode, ns", strict.median, atMost: target.decodeNanoseconds)
            check(
                "allocations of a decode", strict.allocations, atMost: target.decodeAllocations)
            check("allocations of an encode", encode.allocations, atMost: 1)
        }
        check(
            "tolerant door against the strict one", strict.ratio(of: tolerant),
            atMost: Target.tolerantRatio)
        check(
            "allocations of the tolerant door", tolerant.allocations, atMost: strict.allocations)
        return verdicts.map { (text: "\(workload.name): \($0.0)", isMet: $0.1) }
    }
}

enum Report {
    static func header(rounds: Int) -> String {
        """
        Assay's codec against SwiftProtobuf \(SwiftProtobuf.Version.versionString)
        \(machine)
        medians of \(rounds) interleaved rounds, processor time in ns; spread: slowest round less fastest

                                Assay       SwiftProtobuf            allocations per message
                               ns spread       ns spread     ratio    Assay    peer
        """
    }

    private static var machine: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = model?.split(separator: ":").last?.drop { $0 == " " } ?? "unknown processor"
        let cores = ProcessInfo.processInfo.processorCount
        return "\(name), \(cores) cores, \(ProcessInfo.processInfo.operatingSystemVersionString)"
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}

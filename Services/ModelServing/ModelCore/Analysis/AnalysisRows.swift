internal import Storage

/// Keys of what analysis keeps. Names hold no "/", numbers are big-endian, so that rows sort by them.
struct AnalysisKeys: Sendable {
    static let family: Family = "analysis"

    let tenant: String

    // MARK: Outcomes

    /// When it was recorded, and the digest of its contents.
    func outcomeID(_ id: String) -> [UInt8] { text("outcome-id/\(id)") }

    /// The outcomes of one name, in the order in which they were recorded.
    func outcome(_ name: String, recordedAt milliseconds: Int64, _ id: String) -> [UInt8] {
        time(of: name, milliseconds) + Array(id.utf8)
    }

    /// The outcomes of one name that were recorded before a moment.
    func outcomes(_ name: String, before milliseconds: Int64) -> KeyRange {
        KeyRange(from: text("outcome/\(name)/"), to: time(of: name, milliseconds))
    }

    private func time(of name: String, _ milliseconds: Int64) -> [UInt8] {
        // Never negative: the log's clock begins at 0.
        text("outcome/\(name)/") + BigEndian.bytes(UInt64(max(0, milliseconds)))
    }

    /// The latest time that anything was recorded at.
    var clock: [UInt8] { text("outcome-clock") }

    // MARK: Calls

    func call(_ experiment: String, _ epoch: UInt32, _ id: String) -> [UInt8] {
        calls(experiment, epoch).lower + Array(id.utf8)
    }

    func calls(_ experiment: String, _ epoch: UInt32) -> KeyRange {
        .prefix(text("call/\(experiment)/") + BigEndian.bytes(epoch))
    }

    // MARK: Looks

    func look(_ experiment: String, _ epoch: UInt32, _ number: UInt32) -> [UInt8] {
        looks(experiment, epoch).lower + BigEndian.bytes(number)
    }

    func looks(_ experiment: String, _ epoch: UInt32) -> KeyRange {
        .prefix(text("look/\(experiment)/") + BigEndian.bytes(epoch))
    }

    private func text(_ rest: String) -> [UInt8] { Array("\(tenant)/\(rest)".utf8) }
}

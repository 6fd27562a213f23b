internal import AssayMessages
internal import Wire

/// What one call of the feed tells; afterwards all records up to `upTo` are done.
struct FeedPart: Sendable {
    /// Records of one call.
    static let maximumRecords = 256
    private static let maximumBytes = 512 << 10

    /// A sealed decision, and its place in the log.
    struct Record: Sendable {
        let sequence: UInt64
        let bytes: [UInt8]
    }

    /// A decision that is passed over.
    struct Refusal: Sendable, CustomStringConvertible {
        let sequence: UInt64
        let reason: String

        var description: String { "record \(sequence): \(reason)" }
    }

    private(set) var upTo: UInt64
    private(set) var records: [Record] = []
    /// Records that cannot be opened: the log tells of them, and the others are not to wait for it.
    private(set) var damaged: [Refusal] = []
    private var bytes = 0

    init(upTo: UInt64) { self.upTo = upTo }

    /// Takes the next record of the log, if it met an experiment, or passes over it.
    ///
    /// - Returns: false if there is no room for it.
    mutating func take(_ record: [UInt8], at sequence: UInt64) -> Bool {
        do throws(SealError) {
            let opened: AssayRiskV1.DecisionRecord = try SealedRecord.open(record)
            if opened.metExperiment {
                let isTooMuch =
                    records.count >= Self.maximumRecords
                    || bytes + record.count > Self.maximumBytes
                guard records.isEmpty || !isTooMuch else { return false }
                records.append(Record(sequence: sequence, bytes: record))
                bytes += record.count
            }
        } catch .wrongType(AssayRiskV1.ChangeRecord.fullName) {
            // Changes of the rules stand in the same log, and meet no experiments.
        } catch {
            damaged.append(Refusal(sequence: sequence, reason: "it cannot be opened: \(error)"))
        }
        upTo = sequence
        return true
    }
}

extension AssayRiskV1.DecisionRecord {
    /// Whether its unit met an arm of an experiment, and not only what is left of one that was stopped.
    var metExperiment: Bool {
        model?.assignments.contains { !$0.arm.isEmpty && $0.reason != "controlled" } ?? false
    }
}

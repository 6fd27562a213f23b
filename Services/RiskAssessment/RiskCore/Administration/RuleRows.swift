internal import AssayMessages
public import Storage
internal import Wire

/// What rule administration keeps: proposals, which files every set had that was live, exceptions, and
/// the answers to request ids. The texts of the files stand in the archive.
public enum RuleFamilies {
    /// What is live; and the files of every set that was, by the set's digest.
    public static let sets = Family("rule_sets")
    /// Proposals by their number, big-endian.
    public static let proposals = Family("rule_proposals")
    /// Overrides and snoozes in force, by the proposal's number.
    public static let exceptions = Family("rule_exceptions")
    /// Tenant, client, method and request id → when, digest of the request, the answer.
    public static let requests = Family("rule_requests")

    public static let all = [sets, proposals, exceptions, requests]
}

/// What is live, as it is kept.
struct LiveRow: Sendable {
    /// With the keys of the files' texts, in hexadecimal, instead of the texts.
    var set: AssayRiskV1.RuleSet
    /// Digest of the files.
    var folder: [UInt8]
    /// Digest of the folder that was taken last from the disk.
    var adopted: [UInt8]
    /// What becomes live again unless somebody approves what is.
    var revertTo: AssayRiskV1.RuleSet?
    /// Proposals that were applied by one person alone, and that nobody approved yet.
    var unapproved: [UInt64] = []

    var bytes: [UInt8] {
        ByteFields.encode([
            set.encoded(), folder, adopted, revertTo?.encoded() ?? [],
            unapproved.flatMap { ByteFields.number($0) },
        ])
    }

    init(set: AssayRiskV1.RuleSet, folder: [UInt8], adopted: [UInt8]) {
        self.set = set
        self.folder = folder
        self.adopted = adopted
    }

    init(bytes: [UInt8]) throws {
        guard let fields = ByteFields.decode(bytes, count: 5), fields[4].count % 8 == 0 else {
            throw StorageError(.corrupt, "the row of the live rules is damaged")
        }
        set = try AssayRiskV1.RuleSet(decoding: fields[0], door: .strict)
        folder = fields[1]
        adopted = fields[2]
        revertTo =
            fields[3].isEmpty ? nil : try AssayRiskV1.RuleSet(decoding: fields[3], door: .strict)
        unapproved = stride(from: 0, to: fields[4].count, by: 8).compactMap {
            ByteFields.number(Array(fields[4][$0..<($0 + 8)]))
        }
    }
}

/// A proposal, as it is kept.
struct ProposalRow: Sendable {
    static let prefix = "change-"

    var number: UInt64
    var tenant: String
    /// Digest of the files that it was made from.
    var base: [UInt8]
    var proposal: AssayRiskV1.Proposal
    /// With keys instead of texts; empty ones take files away.
    var files: [AssayRiskV1.RuleFile] = []

    var bytes: [UInt8] {
        ByteFields.encode([
            Array(tenant.utf8), base, proposal.encoded(),
            AssayRiskV1.RuleFiles(files: files).encoded(),
        ])
    }

    init(
        number: UInt64, tenant: String, base: [UInt8], proposal: AssayRiskV1.Proposal,
        files: [AssayRiskV1.RuleFile]
    ) {
        self.number = number
        self.tenant = tenant
        self.base = base
        self.proposal = proposal
        self.files = files
    }

    init(number: UInt64, bytes: [UInt8]) throws {
        guard let fields = ByteFields.decode(bytes, count: 4) else {
            throw StorageError(.corrupt, "the row of proposal \(number) is damaged")
        }
        self.number = number
        tenant = String(decoding: fields[0], as: UTF8.self)
        base = fields[1]
        proposal = try AssayRiskV1.Proposal(decoding: fields[2], door: .strict)
        files = try AssayRiskV1.RuleFiles(decoding: fields[3], door: .strict).files
    }

    /// Whether it still may become live.
    var isOpen: Bool { proposal.status == .proposed || proposal.status == .approved }

    /// Whether it replaces files, and so depends on those it was made from.
    var isOfFiles: Bool { proposal.exception == nil }

    static func number(of id: String) -> UInt64? {
        id.hasPrefix(prefix) ? UInt64(id.dropFirst(prefix.count)) : nil
    }
}

/// An override or a snooze in force, as it is kept.
struct ExceptionRow: Sendable {
    var number: UInt64
    var tenant: String
    var exception: AssayRiskV1.RuleException
    /// Seconds since 1970 at which it begins, and at which it ends whatever it says itself: one
    /// person alone made it.
    var from: Int64
    var limit: Int64

    var id: String { ProposalRow.prefix + "\(number)" }

    var bytes: [UInt8] {
        ByteFields.encode([
            Array(tenant.utf8), exception.encoded(),
            ByteFields.number(UInt64(bitPattern: from)),
            ByteFields.number(UInt64(bitPattern: limit)),
        ])
    }

    init(
        number: UInt64, tenant: String, exception: AssayRiskV1.RuleException, from: Int64,
        limit: Int64
    ) {
        self.number = number
        self.tenant = tenant
        self.exception = exception
        self.from = from
        self.limit = limit
    }

    init(number: UInt64, bytes: [UInt8]) throws {
        guard let fields = ByteFields.decode(bytes, count: 4),
            let from = ByteFields.number(fields[2]), let limit = ByteFields.number(fields[3])
        else { throw StorageError(.corrupt, "the row of exception \(number) is damaged") }
        self.number = number
        tenant = String(decoding: fields[0], as: UTF8.self)
        exception = try AssayRiskV1.RuleException(decoding: fields[1], door: .strict)
        self.from = Int64(bitPattern: from)
        self.limit = Int64(bitPattern: limit)
    }

    /// As decisions know it; nil for an entry of a list, which is part of the rule set.
    var decisionException: DecisionException? {
        switch exception {
        case .override(let override): decisionException(.override, of: override.subject)
        case .snooze(let snooze):
            decisionException(.snooze(rule: snooze.rule), of: snooze.subject)
        case .listEntry, .unrecognized: nil
        }
    }

    private func decisionException(
        _ effect: DecisionException.Effect, of subject: String
    ) -> DecisionException {
        DecisionException(
            id: id, tenant: tenant, subject: subject, effect: effect, from: from, until: until)
    }

    /// Seconds since 1970 from which on it has no effect.
    var until: Int64 {
        switch exception {
        case .override(let override): min(limit, override.until.seconds)
        case .snooze(let snooze): min(limit, snooze.until.seconds)
        case .listEntry, .unrecognized: .min
        }
    }
}

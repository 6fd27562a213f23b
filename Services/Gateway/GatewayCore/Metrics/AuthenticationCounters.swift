internal import Synchronization

/// What was shown to prove who calls.
public enum CredentialKind: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case none, apiKey, token, certificate

    /// As logs and metrics name it.
    public var description: String {
        switch self {
        case .none: "none"
        case .apiKey: Principal.Credential.apiKey.rawValue
        case .token: Principal.Credential.token.rawValue
        case .certificate: Principal.Credential.certificate.rawValue
        }
    }
}

/// How often credentials of each kind were good, or why not, and what finding that out took.
public final class AuthenticationCounters: Sendable {
    /// One line of the metric.
    public struct Count: Sendable, Hashable {
        public var kind: CredentialKind
        /// "ok", or the reason of the refusal.
        public var result: String
        public var count: Int
    }

    /// What finding out took, and whether it was remembered from before.
    public struct Time: Sendable {
        public var kind: CredentialKind
        /// "hit" or "miss" of tokens; "none" where nothing is remembered.
        public var cache: String
        public var latency: LatencyCounts
    }

    /// "ok", then the reasons that credentials are refused for, then what is none of them.
    private static let results = [
        "ok", "NO_CREDENTIALS", "BAD_CREDENTIALS", "EXPIRED", "BINDING", "AMBIGUOUS", "TENANT",
        "other",
    ]

    private final class Cell: Sendable { let count = Atomic<Int>(0) }

    private let cells: [Cell]
    /// In the order of `times`.
    private let latencies: [LatencyCounts]

    init() {
        let cells = CredentialKind.allCases.count * Self.results.count
        self.cells = (0..<cells).map { _ in Cell() }
        latencies = (0..<4).map { _ in LatencyCounts() }
    }

    /// Nothing if the call came no further than to the stages before, or needs no identity.
    func count(_ entry: AccessLogEntry) {
        guard let kind = entry.credentialKind else { return }
        let isRefused =
            entry.stage == .authenticate
            || entry.stage == .authorize && entry.reason == Self.results[6]
        var result = 0
        if isRefused {
            result = Self.results.firstIndex(of: entry.reason) ?? Self.results.count - 1
        }
        cells[kind.rawValue * Self.results.count + result].count.add(1, ordering: .relaxed)
        guard kind != .none else { return }
        latencies[Self.series(kind, isRemembered: entry.isRemembered)]
            .note(entry.authenticationNanoseconds)
    }

    private static func series(_ kind: CredentialKind, isRemembered: Bool) -> Int {
        switch kind {
        case .none, .apiKey: 0
        case .certificate: 1
        case .token: isRemembered ? 2 : 3
        }
    }

    /// Those that are not zero, in a stable order.
    public var all: [Count] {
        CredentialKind.allCases.flatMap { kind in
            Self.results.enumerated().compactMap { index, result in
                let count = cells[kind.rawValue * Self.results.count + index].count.load(
                    ordering: .relaxed)
                return count > 0 ? Count(kind: kind, result: result, count: count) : nil
            }
        }
    }

    /// In a stable order.
    public var times: [Time] {
        [
            Time(kind: .apiKey, cache: "none", latency: latencies[0]),
            Time(kind: .certificate, cache: "none", latency: latencies[1]),
            Time(kind: .token, cache: "hit", latency: latencies[2]),
            Time(kind: .token, cache: "miss", latency: latencies[3]),
        ]
    }
}

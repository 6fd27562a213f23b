internal import Crypto
internal import Foundation
internal import RuleLanguage
internal import Synchronization
internal import Wire

/// Events with their facts in a file of JSON lines:
///
///     {"id": "t-1", "at": "2026-03-01T10:00:00Z", "facts": {"tx.amount": 12500}, "label": "fraud"}
///
/// Besides `facts` everything may be left out: `industry`, `subject`, `probability` of the model,
/// `amount` in minor units (`tx.amount` if it is not given), `label` (fraud or genuine) and
/// `expected`, the kinds of facts that the event should have (if it is not given: `always`, and
/// those of which a fact is there).
final class EventFile: BacktestSource {
    static let linesPerPage = 256
    static let maximumLineBytes = 1 << 20

    struct Stored: Sendable {
        var line: Int
        var text: Data
    }

    private struct State {
        var handle: FileHandle
        var buffer = Data()
        var line = 0
        var isAtEnd = false
    }

    let name: String
    let total: UInt64
    private let plan: BacktestPlan
    private let state: Mutex<State>

    /// - Throws: `ConfigurationFailure` if the file cannot be read.
    init(path: String, plan: BacktestPlan) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ConfigurationFailure([
                Problem(file: path, line: 1, column: 1, message: "the file cannot be read")
            ])
        }
        name = path
        total = try handle.seekToEnd()
        try handle.seek(toOffset: 0)
        self.plan = plan
        state = Mutex(State(handle: handle))
    }

    func next() throws -> BacktestPage<Stored>? {
        try state.withLock { state in
            var page = BacktestPage<Stored>(stored: [], size: 0)
            while page.stored.count < Self.linesPerPage, let line = try nextLine(&state) {
                page.size += UInt64(line.count) + 1
                state.line += 1
                let isBlank = line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == 13 || $0 == 9 }
                if !isBlank { page.stored.append(Stored(line: state.line, text: line)) }
            }
            return page.size == 0 ? nil : page
        }
    }

    private func nextLine(_ state: inout State) throws -> Data? {
        while true {
            if let end = state.buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { state.buffer = Data(state.buffer[(end + 1)...]) }
                return Data(state.buffer[..<end])
            }
            if state.isAtEnd {
                defer { state.buffer = Data() }
                return state.buffer.isEmpty ? nil : state.buffer
            }
            guard state.buffer.count <= Self.maximumLineBytes else {
                throw failure(state.line + 1, "the line is over \(Self.maximumLineBytes) bytes")
            }
            let more = try state.handle.read(upToCount: 1 << 18) ?? Data()
            state.isAtEnd = more.isEmpty
            state.buffer += more
        }
    }

    // MARK: One line

    /// A line as it was written.
    private struct Line: Decodable {
        var id: String?
        var at: String?
        var industry: String?
        var subject: String?
        var facts: [String: EventValue]
        var probability: Double?
        var amount: Int64?
        var label: String?
        var expected: [String]?
    }

    func event(_ stored: Stored) throws -> BacktestEvent? {
        let line: Line
        do {
            line = try JSONDecoder().decode(Line.self, from: stored.text)
        } catch {
            throw failure(stored.line, Self.reason(error))
        }
        let live = try assessment(line, plan.live.rules, stored.line)
        let at = try time(line.at, stored.line)
        var event = BacktestEvent(
            live: live, candidate: nil, second: at.seconds, expected: try expected(line, stored),
            at: at, decisionID: Self.identifier(line.id ?? "", stored.line))
        if !plan.hasSameFacts {
            event.candidate = try assessment(line, plan.candidate.rules, stored.line)
        }
        event.transactionID = String((line.id ?? "").prefix(64))
        event.subject = String((line.subject ?? "").prefix(64))
        event.isFraud = try label(line.label, stored.line)
        event.amount = line.amount ?? live.amount
        return event
    }

    private func assessment(
        _ line: Line, _ rules: RuleSet, _ number: Int
    ) throws -> Assessment {
        var sheet = FactSheet(catalogue: rules.catalogue)
        // By name, so that a frame is the same however the line was ordered.
        for (name, value) in line.facts.sorted(by: { $0.key < $1.key }) {
            guard let slot = rules.catalogue.schema.slot(of: name) else {
                // The other side may know it.
                let other =
                    rules === plan.live.rules ? plan.candidate.rules : plan.live.rules
                if other.catalogue.schema.slot(of: name) != nil { continue }
                throw failure(number, "unknown fact '\(name.prefix(64))'")
            }
            guard let constant = value.constant else { continue }
            sheet.set(name, to: constant)
            if sheet.statuses[slot] == .error {
                let type = rules.catalogue.entries[slot].type
                throw failure(number, "the fact \(name) is \(type), found \(value.kind)")
            }
        }
        var assessment = Assessment(sheet: sheet, run: RuleRun())
        if let industry = line.industry {
            guard industry == "default" || Industries.names.contains(industry) else {
                throw failure(number, "unknown industry '\(industry.prefix(40))'")
            }
            assessment.industry = industry
        }
        if let probability = line.probability {
            guard (0...1).contains(probability) else {
                throw failure(number, "the probability \(probability) is not from 0 to 1")
            }
            assessment.model = .recorded(probability)
        }
        return assessment
    }

    private func expected(_ line: Line, _ stored: Stored) throws -> ExpectedFacts {
        let entries = plan.candidate.rules.catalogue.entries
        guard let names = line.expected else {
            let catalogue = plan.candidate.rules.catalogue
            let known = line.facts.keys.compactMap { name in
                catalogue.schema.slot(of: name).map { entries[$0] }
            }
            return ExpectedFacts(
                [.always] + known.map(\.expectation).filter { $0 != .enabled },
                enabled: Set(
                    known.filter { $0.expectation == .enabled }.map { String($0.namespace) }))
        }
        let kinds = FactCatalogue.Expectation.allCases.map(\.rawValue)
        for name in names.flatMap({ $0.split(separator: "+") }) {
            guard kinds.contains(String(name)) || entries.contains(where: { $0.namespace == name })
            else {
                throw failure(
                    stored.line,
                    "unknown kind '\(name.prefix(40))'; known are "
                        + kinds.joined(separator: ", ") + " and the namespaces of facts")
            }
        }
        return ExpectedFacts(names: names)
    }

    private func time(_ text: String?, _ line: Int) throws -> Timestamp {
        guard let text else { return Timestamp(seconds: 0) ?? .blank() }
        guard let date = try? Date(text, strategy: .iso8601),
            let time = Timestamp(seconds: Int64(date.timeIntervalSince1970.rounded(.down)))
        else {
            throw failure(
                line, "expected a time such as 2026-01-01T00:00:00Z, found '\(text.prefix(40))'")
        }
        return time
    }

    private func label(_ text: String?, _ line: Int) throws -> Bool? {
        switch text {
        case nil: nil
        case "fraud": true
        case "genuine": false
        case let other?:
            throw failure(line, "expected fraud or genuine as label, found '\(other.prefix(40))'")
        }
    }

    /// The id itself if it is one of a decision, and otherwise one made of it.
    private static func identifier(_ id: String, _ line: Int) -> UniqueID {
        if let known = UniqueID(id) { return known }
        let hash = SHA256.hash(data: Data("\(line) \(id)".utf8))
        return UniqueID(bytes: Array(hash.prefix(16))[...]) ?? UniqueID(high: 0, low: 0)
    }

    private func failure(_ line: Int, _ message: String) -> ConfigurationFailure {
        ConfigurationFailure([Problem(file: name, line: line, column: 1, message: message)])
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: "the key '\(key.stringValue)' is missing"
        case .typeMismatch(_, let context)? where !context.codingPath.isEmpty,
            .valueNotFound(_, let context)? where !context.codingPath.isEmpty:
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))': "
                + context.debugDescription
        default: "the line is no JSON object"
        }
    }
}

/// The value of a fact in a file of events.
private enum EventValue: Decodable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)
    case texts([String])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else {
            self = .texts(try container.decode([String].self))
        }
    }

    /// Nil: the fact is missing.
    var constant: Constant? {
        switch self {
        case .null: nil
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        case .text(let value): .string(value)
        case .texts(let values): .list(values.map { .string($0) })
        }
    }

    var kind: String {
        switch self {
        case .null: "nothing"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .text(let value): "'\(value.prefix(40))'"
        case .texts: "a list"
        }
    }
}

extension Backtest {
    /// Runs over a file of events with facts.
    ///
    /// - Throws: `ConfigurationFailure` with the place of the first line that cannot be read.
    public func run(
        file path: String, threads: Int = 1,
        progress: @escaping @Sendable (_ done: UInt64, _ total: UInt64) -> Bool = { _, _ in true }
    ) throws -> Result {
        try run(over: EventFile(path: path, plan: plan), threads: threads, progress: progress)
    }
}

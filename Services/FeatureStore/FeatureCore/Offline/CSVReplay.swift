internal import AssayMessages
public import FeatureEngine
internal import RPC
internal import Wire

/// How a file of events is read.
public struct CSVOptions: Sendable {
    /// A column whose rows with a 1 are labels: each makes an event of its own.
    public struct Label: Sendable {
        public let column: String
        public let eventType: String

        public init(column: String, eventType: String) {
            self.column = column
            self.eventType = eventType
        }
    }

    /// The type of all rows, if the file has no column `type`.
    public var eventType: String?
    public var label: Label?
    /// The columns with an event's id and time, if not those that the definitions name.
    public var id: String?
    public var time: String?

    public init() {}
}

/// What a replay has done.
public struct ReplayReport: Sendable {
    public internal(set) var rows = 0
    /// Written with their vectors.
    public internal(set) var written = 0
    public internal(set) var labels = 0
    /// Labels that were not applied.
    public internal(set) var rejectedLabels = 0
    public internal(set) var duplicates = 0
    /// Rows with the id of an earlier row and other content.
    public internal(set) var conflicts = 0
    /// Read but not applied, as an online store would have done.
    public internal(set) var quarantined = 0
    public internal(set) var rejected = 0
    /// Rows that are no event.
    public internal(set) var unreadable = 0
    /// Events applied to a state, counted once for each entity.
    public internal(set) var entityEvents = 0
    public internal(set) var entities = 0
    public internal(set) var ignoredColumns: [String] = []
    public internal(set) var absentFields: [String] = []
    /// The first rows with something wrong.
    public internal(set) var problems: [CSVError] = []
    static let maximumProblems = 20
}

/// Replays a file of events through the engine alone: for each row its vector, as an online store
/// would have served it.
public struct CSVReplay {
    public private(set) var report = ReplayReport()
    private let vector: VectorDefinition
    private let options: CSVOptions
    private var fold: EventFold
    private var header: [String] = []
    private var typeColumn = -1
    private var labelColumn = -1
    private var columns: [String: EventColumns] = [:]
    private var pending = PendingLabels()

    /// - Parameter vector: `name@version`, or a name, which means its greatest version.
    public init(
        _ definitions: DefinitionSet, vector name: String, options: CSVOptions = CSVOptions(),
        tenant: String = "offline"
    ) throws {
        vector = try definitions.vector(called: name)
        self.options = options
        fold = EventFold(definitions, tenant: tenant)
        // Only the values are written.
        fold.states.givesDigests = false
    }

    /// - Parameters:
    ///   - more: gives the next bytes of the file; none at its end.
    ///   - write: takes the next bytes of the result.
    public mutating func run(
        reading more: @escaping () throws -> [UInt8], writing write: ([UInt8]) throws -> Void
    ) throws {
        var reader = CSVReader(more)
        guard try reader.next() else { throw CSVError(line: 1, "the file is empty") }
        try bind(reader.record)
        var writer = CSVWriter()
        writer.text("id")
        for column in vector.columns { writer.text(column.name) }
        writer.endRecord()
        while try reader.next() {
            try replay(reader.record, into: &writer)
            if writer.bytes.count > 1 << 18 { try write(writer.take()) }
        }
        for label in pending.takeAll() { try apply(label) }
        try write(writer.take())
        report.entityEvents = fold.states.entityEvents
        report.entities = fold.states.count
    }

    // MARK: Columns

    private mutating func bind(_ record: CSVRecord) throws {
        for position in 0..<record.count {
            guard let name = record.text(position) else {
                throw CSVError(line: 1, "the name of column \(position + 1) is not UTF-8")
            }
            guard !header.contains(name) else {
                throw CSVError(line: 1, "two columns are named \"\(name)\"")
            }
            header.append(name)
        }
        typeColumn = header.firstIndex(of: "type") ?? -1
        if let type = options.eventType {
            // A field of the events may be named so too.
            typeColumn = -1
            fold.remembersEvents = false
            _ = try columns(of: type, line: 1)
        } else if typeColumn < 0 {
            throw CSVError(
                line: 1, "no column \"type\" names the event types; say which with --event TYPE")
        }
        if let label = options.label {
            guard let column = header.firstIndex(of: label.column) else {
                throw CSVError(
                    line: 1,
                    "no column \"\(label.column)\" with labels"
                        + NearestName.hint(label.column, among: header))
            }
            labelColumn = column
            guard fold.definitions.event(named: label.eventType) != nil else {
                throw unknown(label.eventType, line: 1)
            }
        }
        describeColumns()
    }

    /// What an online caller would send and the file lacks, and the other way round.
    private mutating func describeColumns() {
        let bound = options.eventType.flatMap { columns[$0] }.map { [$0] } ?? []
        guard !bound.isEmpty else { return }
        var used = bound.reduce(into: Set([typeColumn, labelColumn])) { $0.formUnion($1.used) }
        if let label = options.label, let type = fold.definitions.event(named: label.eventType) {
            used.formUnion(
                bound.compactMap { labelTimeColumn(fold.definitions.events[type], $0) })
        }
        report.ignoredColumns = header.indices.filter { !used.contains($0) }.map { header[$0] }
        report.absentFields = bound.flatMap { $0.fields.filter { $0.column < 0 }.map(\.name) }
    }

    private mutating func columns(of type: String, line: Int) throws -> EventColumns {
        if let known = columns[type] { return known }
        guard let event = fold.definitions.event(named: type) else {
            throw unknown(type, line: line)
        }
        let found = try EventColumns(
            fold.definitions.events[event], header: header, definitions: fold.definitions,
            options: options)
        columns[type] = found
        return found
    }

    private func unknown(_ type: String, line: Int) -> CSVError {
        let names = fold.definitions.events.map(\.name)
        return CSVError(
            line: line, "no event type \"\(type)\"\(NearestName.hint(type, among: names))")
    }

    // MARK: Rows

    private mutating func replay(_ record: CSVRecord, into writer: inout CSVWriter) throws {
        report.rows += 1
        guard record.count == header.count else {
            throw CSVError(
                line: record.line,
                "\(record.count) fields; the first line names \(header.count)")
        }
        let type = try type(of: record)
        switch try columns(of: type, line: record.line).event(record, header: header) {
        case .failure(let error):
            report.unreadable += 1
            note(error.line, error.problems.joined(separator: "; "))
        case .success(let event):
            for label in pending.take(until: event.time) { try apply(label) }
            // What an online store would not have recorded cannot be labelled.
            if try score(event, line: record.line, into: &writer) == .applied {
                try addLabel(of: event, record)
            }
        }
    }

    private func type(of record: CSVRecord) throws -> String {
        if let type = options.eventType { return type }
        return record.text(typeColumn) ?? ""
    }

    private mutating func score(
        _ event: AssayFeaturesV1.Event, line: Int, into writer: inout CSVWriter
    ) throws -> AssayFeaturesV1.Outcome {
        let scored = try fold.score(event, vector)
        switch scored.outcome {
        case .duplicate: report.duplicates += 1
        case .quarantined: report.quarantined += 1
        case .rejected where scored.vector == nil:
            report.conflicts += 1
            note(line, "id \"\(event.id)\" was used with other content")
        case .rejected: report.rejected += 1
        default: break
        }
        for problem in scored.problems { note(line, "\(problem.path) \(problem.text)") }
        if let vector = scored.vector {
            report.written += 1
            writer.text(event.id)
            for value in vector.values { writer.number(value) }
            writer.endRecord()
        }
        return scored.outcome
    }

    private mutating func note(_ line: Int, _ message: String) {
        guard report.problems.count < ReplayReport.maximumProblems else { return }
        report.problems.append(CSVError(line: line, message))
    }

    // MARK: Labels

    /// The label of a row is known at its own time if the file has a column for that, else with
    /// the row.
    private mutating func addLabel(
        of event: AssayFeaturesV1.Event, _ record: CSVRecord
    ) throws {
        guard let label = options.label, labelColumn >= 0,
            record[labelColumn].elementsEqual([UInt8(ascii: "1")]),
            let type = fold.definitions.event(named: label.eventType)
        else { return }
        let definition = fold.definitions.events[type]
        let own = try columns(of: event.type, line: record.line)
        let given = Set(definition.fields.filter { $0.origin == .given }.map(\.name))
        var fields = event.fields.filter { given.contains($0.key) }.map { ($0.key, $0.value) }
        for name in definition.referringFields(to: own.type) {
            fields.append((name, .text(event.id)))
        }
        var time = event.time
        if let column = labelTimeColumn(definition, own) {
            guard let reported = record.text(column).flatMap({ CSVCell.timestamp($0) }) else {
                report.rejectedLabels += 1
                note(
                    record.line,
                    "\(header[column]): not a time such as 2025-10-09T08:53:20Z, at which the label"
                        + " was known")
                return
            }
            time = max(time, reported)
        }
        let known = AssayFeaturesV1.Event(
            id: "\(event.id)/\(label.eventType)", type: label.eventType, time: time,
            fields: WireMap(fields))
        let pair = PendingLabels.Label(event: known, about: event, line: record.line)
        if time > event.time { pending.add(pair) } else { try apply(pair) }
    }

    /// Where the file says when labels were known.
    private func labelTimeColumn(_ label: EventDefinition, _ own: EventColumns) -> Int? {
        header.firstIndex(of: label.timeColumn).flatMap { $0 == own.time ? nil : $0 }
    }

    private mutating func apply(_ label: PendingLabels.Label) throws {
        let scored = try fold.score(label.event, nil, references: [label.about])
        if scored.outcome == .applied {
            report.labels += 1
        } else {
            report.rejectedLabels += 1
            for problem in scored.problems {
                note(label.line, "label of \(label.about.id): \(problem.path) \(problem.text)")
            }
        }
    }
}

extension DefinitionSet {
    /// A vector by `name@version`, or the greatest version of a name.
    func vector(called text: String) throws(UnknownVector) -> VectorDefinition {
        let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
        let named = vectors.filter { $0.name == parts.first }
        let found =
            parts.count == 2
            ? named.first { String($0.version) == parts[1] } : named.max { $0.version < $1.version }
        if let found { return found }
        throw UnknownVector(name: text, known: vectors.map { "\($0.name)@\($0.version)" })
    }
}

/// A vector that the definitions do not have.
struct UnknownVector: Error, CustomStringConvertible {
    let name: String
    let known: [String]

    var description: String { "no vector \"\(name)\"\(NearestName.hint(name, among: known))" }
}

extension EventDefinition {
    /// The fields with the id of an event of that type, a position in `events`.
    func referringFields(to type: Int) -> [String] {
        references.filter { $0.event == type }.map { fields[$0.field].name }
    }
}

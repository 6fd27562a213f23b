internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// Where a file of events has the parts of one event type.
struct EventColumns {
    struct Field {
        let name: String
        let type: FieldType
        /// −1: the file has no such column.
        let column: Int
        /// Of money: its currency; of a place: its longitude and country.
        let second: Int
        let third: Int
    }

    /// Of the event type.
    let name: String
    /// Its position in the definition set.
    let type: Int
    let id: Int
    let time: Int
    /// Ascending by name; the id and the time may be among them.
    let fields: [Field]
    private let baseCurrency: CurrencyCode

    /// Throws if there is no column with the id or the time.
    init(
        _ event: EventDefinition, header: [String], definitions: DefinitionSet, options: CSVOptions
    ) throws(CSVError) {
        func column(_ name: String) -> Int { header.firstIndex(of: name) ?? -1 }
        func needed(_ name: String, _ what: String) throws(CSVError) -> Int {
            if let found = header.firstIndex(of: name) { return found }
            throw CSVError(
                line: 1,
                "no column \"\(name)\" with the \(what) of \(event.name) events"
                    + NearestName.hint(name, among: header))
        }
        name = event.name
        type = definitions.event(named: event.name) ?? 0
        id = try needed(options.id ?? event.idColumn, "id")
        time = try needed(options.time ?? event.timeColumn, "time")
        baseCurrency = CurrencyCode(definitions.baseCurrency) ?? .blank()
        fields = event.fields.filter(\.isGiven).map { field in
            let name = field.name
            return switch field.type {
            case .money:
                Field(
                    name: name, type: .money, column: column(name),
                    second: column("\(name)_currency"), third: -1)
            case .place:
                Field(
                    name: name, type: .place, column: column("\(name)_latitude"),
                    second: column("\(name)_longitude"), third: column("\(name)_country"))
            default:
                Field(name: name, type: field.type, column: column(name), second: -1, third: -1)
            }
        }
    }

    /// The columns that are read.
    var used: Set<Int> {
        Set(fields.flatMap { [$0.column, $0.second, $0.third] } + [id, time])
    }

    /// The event of a record. Everything that is wrong with the record is told together.
    func event(_ record: CSVRecord, header: [String]) -> Result<AssayFeaturesV1.Event, RowProblems>
    {
        var problems: [String] = []
        func problem(_ column: Int, _ message: String) {
            problems.append("\(header[column]): \(message)")
        }
        let id = record.text(id) ?? ""
        if id.isEmpty || id.utf8.count > 128 { problem(self.id, "an id has 1 to 128 bytes") }
        let time = record.text(time).flatMap { CSVCell.timestamp($0) }
        if time == nil { problem(self.time, "not a time such as 2025-10-09T08:53:20Z") }
        var values: [(String, AssayFeaturesV1.FieldValue)] = []
        values.reserveCapacity(fields.count)
        for field in fields where field.column >= 0 && !record.isEmpty(field.column) {
            switch value(field, record) {
            case .success(let value): values.append((field.name, value))
            case .failure(let error): problem(field.column, error.message)
            }
        }
        guard problems.isEmpty, let time else {
            return .failure(RowProblems(line: record.line, problems: problems))
        }
        return .success(
            AssayFeaturesV1.Event(id: id, type: name, time: time, fields: WireMap(values)))
    }

    private func value(
        _ field: Field, _ record: CSVRecord
    ) -> Result<AssayFeaturesV1.FieldValue, CSVCell.Malformed> {
        guard let text = record.text(field.column) else {
            return .failure(CSVCell.Malformed("not UTF-8"))
        }
        switch field.type {
        case .money:
            let code = field.second >= 0 ? record.text(field.second) ?? "?" : ""
            return CSVCell.money(text, currency: code, base: baseCurrency)
        case .place:
            return CSVCell.place(
                text, field.second >= 0 ? record.text(field.second) : nil,
                country: field.third >= 0 ? record.text(field.third) ?? "" : "")
        default: return CSVCell.value(text, field.type)
        }
    }
}

/// Why a record is no event.
struct RowProblems: Error {
    let line: Int
    let problems: [String]
}

extension EventDefinition {
    /// The field that is the event's id.
    var idColumn: String { fields[identifier].name }
    /// The field that is the event's time.
    var timeColumn: String { fields[time].name }
}

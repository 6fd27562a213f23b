internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Wire

/// Holds events against the definitions: one pass, all problems together.
struct EventResolver {
    let definitions: DefinitionSet
    private let baseCurrency: CurrencyCode?

    /// How far an event may lie in the store's future, for clocks that differ.
    static let maximumFuture: Int64 = 5_000
    static let maximumProblems = 32

    init(_ definitions: DefinitionSet) {
        self.definitions = definitions
        baseCurrency = CurrencyCode(definitions.baseCurrency)
    }

    /// Throws INVALID_ARGUMENT for a type or field that does not exist; everything else that is
    /// wrong is a problem of the result.
    ///
    /// - Parameter received: ingest time in milliseconds; nil for an event of the log, which was
    ///   checked when it came and may have fields that are no longer defined.
    func resolve(
        _ event: AssayFeaturesV1.Event, received: Int64?
    ) throws(RPCError) -> ResolvedEvent {
        guard let type = definitions.event(named: event.type) else {
            let hint = NearestName.hint(event.type, among: definitions.events.map(\.name))
            throw invalid("/event/type", "no event type \"\(event.type)\"\(hint)")
        }
        let definition = definitions.events[type]
        let count = definition.fields.count
        let time = event.time.millisecondsSinceEpoch
        var resolved = ResolvedEvent(
            type: type, time: min(max(time, 0), EngineEvent.latestTime),
            integers: [Int64?](repeating: nil, count: count),
            doubles: [Double?](repeating: nil, count: count),
            texts: [String?](repeating: nil, count: count))
        if let received { checkTimes(time, received, definition, &resolved) }
        // Both are ascending by name.
        var position = 0
        for entry in event.fields {
            while position < count, Self.precedes(definition.fields[position].name, entry.key) {
                checkAbsent(definition.fields[position], &resolved)
                position += 1
            }
            guard position < count, definition.fields[position].name == entry.key else {
                if received == nil { continue }
                let hint = NearestName.hint(entry.key, among: definition.fields.map(\.name))
                throw invalid(
                    "/event/fields/\(entry.key)",
                    "event type \"\(event.type)\" has no field \"\(entry.key)\"\(hint)")
            }
            take(entry.value, definition.fields[position], position, &resolved)
            position += 1
        }
        for field in definition.fields[position...] { checkAbsent(field, &resolved) }
        return resolved
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        a != b && a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    private func invalid(_ path: String, _ message: String) -> RPCError {
        .invalid([FieldViolation(field: path, description: message)])
    }

    // MARK: Rules

    private func checkTimes(
        _ time: Int64, _ received: Int64, _ definition: EventDefinition,
        _ event: inout ResolvedEvent
    ) {
        if time < 0 {
            report("time", "/event/time", "is before 1970", .reject, &event)
        } else if time > received + Self.maximumFuture {
            report(
                "future", "/event/time", "is \(time - received) ms after it was received",
                .quarantine, &event)
        } else if time < received - definition.maximumLateness {
            report(
                "too_late", "/event/time",
                "is older than the \(definition.maximumLateness / 1000) s that events of this type"
                    + " may be late", .quarantine, &event)
        }
    }

    private func checkAbsent(_ field: FieldDefinition, _ event: inout ResolvedEvent) {
        guard field.isRequired, field.isGiven else { return }
        report("required", "/event/fields/\(field.name)", "is missing", .reject, &event)
    }

    private func report(
        _ rule: String, _ path: String, _ message: String, _ policy: EventProblem.Policy,
        _ event: inout ResolvedEvent
    ) {
        guard event.problems.count < Self.maximumProblems else { return }
        event.problems.append(
            EventProblem(rule: rule, path: path, text: message, policy: policy))
    }

    private func take(
        _ value: AssayFeaturesV1.FieldValue, _ field: FieldDefinition, _ position: Int,
        _ event: inout ResolvedEvent
    ) {
        switch (field.type, value) {
        case (.string, .text(let text)):
            event.texts[position] = text
            if let longest = field.maximumLength, text.utf8.count > longest {
                report(
                    "length", path(field), "has \(text.utf8.count) bytes; at most \(longest)",
                    .flag, &event)
            }
        case (.int, .integer(let number)): event.integers[position] = number
        case (.bool, .flag(let flag)): event.integers[position] = flag ? 1 : 0
        case (.timestamp, .time(let time)):
            event.integers[position] = time.millisecondsSinceEpoch
        case (.money, .amount(let money)):
            event.integers[position] = minorUnits(money, field, &event)
        case (.double, .number(let number)): event.doubles[position] = number
        case (.date, .day), (.place, .place): break
        default:
            report("type", path(field), "must be of type \(field.type.rawValue)", .reject, &event)
        }
        checkRange(field, position, &event)
    }

    private func path(_ field: FieldDefinition) -> String { "/event/fields/\(field.name)" }

    private func checkRange(_ field: FieldDefinition, _ position: Int, _ event: inout ResolvedEvent)
    {
        guard let number = event.integers[position] else { return }
        if let minimum = field.minimum, number < minimum {
            report("range", path(field), "is less than \(minimum)", .flag, &event)
        }
        if let maximum = field.maximum, number > maximum {
            report("range", path(field), "is greater than \(maximum)", .flag, &event)
        }
    }

    /// Minor units of the base currency, half to even; nil, with a problem, if there are none.
    private func minorUnits(
        _ money: Money, _ field: FieldDefinition, _ event: inout ResolvedEvent
    ) -> Int64? {
        guard money.currency == baseCurrency else {
            report(
                "currency", path(field),
                "is in \(money.currency); there is no rate to \(definitions.baseCurrency)",
                .quarantine, &event)
            return nil
        }
        let units = MinorUnits.convert(
            coefficient: money.coefficient, scale: money.scale,
            digits: definitions.currencyExponent)
        if units == nil { report("range", path(field), "is too large", .quarantine, &event) }
        return units
    }
}

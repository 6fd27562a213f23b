internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// One event on its way through the rules.
struct EventPass {
    let plan: EventPlan
    let reader: FieldReader
    let key: TenantKey
    let conversions: [ResolvedEvent.Conversion]
    let isNew: Bool
    var event: ResolvedEvent
    /// Names of fields that the type does not have.
    var unknown: [String] = []

    var definition: EventDefinition { plan.definition }

    mutating func checkTimes(_ time: Int64, _ received: Int64) {
        let path = "/event/time"
        if time < 0 {
            event.report(
                EventProblem.Rule.time, path, expected: "a time from 1970 on",
                found: "an earlier one", .reject)
        } else if time > received.addingClamped(EventResolver.maximumFuture) {
            event.report(
                EventProblem.Rule.future, path,
                expected: "at most \(EventResolver.maximumFuture / 1_000) s after it was"
                    + " received", found: "\(time - received) ms", .quarantine)
        } else if time < received.addingClamped(-definition.maximumLateness) {
            event.report(
                EventProblem.Rule.tooLate, path,
                expected: "at most \(definition.maximumLateness / 1_000) s before it was"
                    + " received", found: "\((received - time) / 1_000) s", .quarantine)
        }
    }

    /// Both the event's fields and those of the type are ascending by name.
    mutating func take(_ source: AssayFeaturesV1.Event) {
        var next = 0
        for entry in source.fields {
            while next < plan.given.count, plan.given[next].name != entry.key,
                UTF8Order.precedes(plan.given[next].name, entry.key)
            {
                takeAbsent(plan.given[next], source)
                next += 1
            }
            guard next < plan.given.count, plan.given[next].name == entry.key else {
                unknown.append(entry.key)
                continue
            }
            take(entry.value, plan.given[next], source)
            next += 1
        }
        for given in plan.given[next...] { takeAbsent(given, source) }
    }

    private mutating func takeAbsent(_ given: EventPlan.Given, _ source: AssayFeaturesV1.Event) {
        switch given.kind {
        case .identifier: setText(source.id, given.position)
        case .time: event.words[given.position] = event.time
        case .value:
            guard given.field.isRequired else { return }
            event.report(
                EventProblem.Rule.required, given.path, expected: "a value", found: "none",
                .reject)
        }
    }

    private mutating func take(
        _ value: AssayFeaturesV1.FieldValue, _ given: EventPlan.Given,
        _ source: AssayFeaturesV1.Event
    ) {
        switch given.kind {
        case .identifier, .time:
            takeAbsent(given, source)
            checkRepeated(value, given, source)
        case .value: read(value, given)
        }
    }

    /// An event's id and time may stand among its fields too, if they say the same.
    private mutating func checkRepeated(
        _ value: AssayFeaturesV1.FieldValue, _ given: EventPlan.Given,
        _ source: AssayFeaturesV1.Event
    ) {
        let isTime = given.kind == .time
        switch value {
        case .text(let text) where !isTime && text == source.id: return
        case .time(let time) where isTime && time == source.time: return
        default:
            event.report(
                EventProblem.Rule.id, given.path,
                expected: "the event's \(isTime ? "time" : "id")", found: "something else",
                .reject)
        }
    }

    private mutating func read(_ value: AssayFeaturesV1.FieldValue, _ given: EventPlan.Given) {
        if let problem = reader.typeProblem(value, given) {
            event.report(problem)
            return
        }
        switch value {
        case .text(let text) where given.type == .string:
            setText(text, given.position)
            checkLength(text, given)
        case .amount(let money): readMoney(money, given)
        default:
            event.words[given.position] = reader.word(of: value, given)
            if case .text(let label) = value { checkLabel(label, given) }
        }
        if let problem = reader.rangeProblem(event.words[given.position], given) {
            event.report(problem)
        }
    }

    mutating func setText(_ text: String, _ position: Int) {
        event.texts[position] = text
        if plan.isHashed[position] { event.words[position] = key.hash(text) }
    }

    private mutating func checkLength(_ text: String, _ given: EventPlan.Given) {
        guard let longest = given.field.maximumLength, text.utf8.count > longest else { return }
        event.report(
            given.isKey ? EventProblem.Rule.key : EventProblem.Rule.length, given.path,
            expected: "at most \(longest) bytes", found: "\(text.utf8.count)",
            given.isKey ? .reject : .flag)
    }

    private mutating func checkLabel(_ label: String, _ given: EventPlan.Given) {
        guard !reader.hasLabel(label, given.field) else { return }
        event.report(
            EventProblem.Rule.label, given.path,
            expected: "one of \(reader.labels(given.field))", found: "another text", .flag)
    }

    private mutating func readMoney(_ money: Money, _ given: EventPlan.Given) {
        if let position = given.currency {
            setText(money.currency.description, position)
        }
        if let position = given.original {
            event.words[position] = reader.originalUnits(of: money)
        }
        setUnits(
            reader.convert(money, known: conversion(of: given.name)), of: money, given)
    }

    private func conversion(of field: String) -> Int64? {
        conversions.first { $0.field == field }?.units
    }

    private mutating func setUnits(
        _ result: FieldReader.Converted, of money: Money, _ given: EventPlan.Given
    ) {
        switch result {
        case .same(let units): event.words[given.position] = units
        case .converted(let units):
            event.words[given.position] = units
            event.conversions.append(ResolvedEvent.Conversion(field: given.name, units: units))
        case .failed(let rule, let expected, let found):
            event.report(rule, given.path, expected: expected, found: found, .quarantine)
        }
    }

    // MARK: Expressions

    /// Computes fields, says which filters hold, and reports the checks that do not: the last step,
    /// once all other fields are there.
    mutating func complete() {
        let input = EventInput(event.engineEvent, texts: event.texts)
        let (completed, failed) = plan.expressions.complete(input) {
            UInt64(bitPattern: key.hash($0))
        }
        event.words = completed.event.values
        event.texts = completed.texts
        event.filters = completed.event.filters
        guard isNew else { return }
        for failure in failed {
            let check = definition.checks[failure.check]
            event.report(
                check.name, "/event", expected: check.expression.value,
                found: failure.error.map { "an error (\($0))" } ?? "the contrary",
                EventProblem.Policy(check.policy))
        }
    }
}

extension Int64 {
    /// The sum, or the limit that it would pass.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

internal import AssayMessages
internal import FeatureEngine
internal import Wire

extension EventPass {
    /// Takes over the fields of an earlier event, as it was recorded.
    mutating func copy(
        _ reference: EventReference, at position: Int, from events: [AssayFeaturesV1.Event],
        _ plans: [EventPlan]
    ) {
        let other = plans[reference.event]
        let id = event.texts[reference.field] ?? ""
        guard
            let found = events.first(where: {
                $0.type == other.definition.name && $0.id == id
            })
        else {
            guard isNew else { return }
            event.report(
                EventProblem.Rule.reference,
                "/event/fields/\(definition.fields[reference.field].name)",
                expected: "the id of a recorded event of type \(other.definition.name)",
                found: id.isEmpty ? "none" : "one that is not recorded", .quarantine)
            return
        }
        var earlier = EventPass(
            plan: other, reader: reader, key: key,
            conversions: prefixed(conversions, other.definition.name), isNew: false,
            event: ResolvedEvent(
                type: reference.event, time: found.time.millisecondsSinceEpoch,
                fields: other.definition.fields.count, key: key))
        earlier.take(found)
        earlier.complete()
        for copy in reference.copies { take(copy, from: earlier) }
        for conversion in earlier.event.conversions {
            event.conversions.append(
                ResolvedEvent.Conversion(
                    field: "\(other.definition.name).\(conversion.field)",
                    units: conversion.units))
        }
    }

    private func prefixed(
        _ conversions: [ResolvedEvent.Conversion], _ type: String
    ) -> [ResolvedEvent.Conversion] {
        conversions.filter { $0.field.hasPrefix("\(type).") }.map {
            ResolvedEvent.Conversion(
                field: String($0.field.dropFirst(type.count + 1)), units: $0.units)
        }
    }

    private mutating func take(_ copy: EventReference.Copy, from earlier: EventPass) {
        if let text = earlier.event.texts[copy.from] {
            setText(text, copy.to)
        } else {
            event.words[copy.to] = earlier.event.words[copy.from]
        }
    }
}

extension DefinitionCompiler {
    /// An aggregate whose names are resolved.
    private struct Resolved {
        let declaration: AggregateDeclaration
        let event: Int
        let touch: Int
        let field: Int?
        let windows: [(text: String, window: Window, tier: Tier)]
        let type: FeatureType
    }

    /// What makes two aggregates share a measure.
    private struct MeasureKey: Hashable, Comparable {
        let event: Int
        let touch: Int
        /// −1 counts events.
        let field: Int

        static func < (a: MeasureKey, b: MeasureKey) -> Bool {
            (a.event, a.touch, a.field) < (b.event, b.touch, b.field)
        }
    }

    mutating func compileEntities(
        _ declared: [EntityDeclaration], _ events: [EventDefinition], _ currency: String
    ) -> [EntityDefinition] {
        let aggregates = files.flatMap(\.aggregates)
        for aggregate in aggregates
        where !declared.contains(where: { $0.name.value == aggregate.entity.value }) {
            let hint = NearestName.hint(aggregate.entity.value, among: declared.map(\.name.value))
            report(
                "no entity \"\(aggregate.entity.value)\"\(hint)", at: aggregate.entity.location)
        }
        return declared.enumerated().compactMap { position, entity in
            let own = aggregates.filter { $0.entity.value == entity.name.value }
            unique(own.map(\.name), what: "aggregate of \(entity.name.value)")
            let resolved = sortedByName(own, \.name.value)
                .compactMap { resolve($0, entity: position, events) }
            return compile(entity, position, resolved, events, currency)
        }
    }

    private mutating func resolve(
        _ aggregate: AggregateDeclaration, entity: Int, _ events: [EventDefinition]
    ) -> Resolved? {
        let eventName = aggregate.event
        guard let event = events.firstIndex(where: { $0.name == eventName.value }) else {
            let hint = NearestName.hint(eventName.value, among: events.map(\.name))
            report("no event type \"\(eventName.value)\"\(hint)", at: eventName.location)
            return nil
        }
        let touch = events[event].touches.firstIndex {
            $0.entity == entity && $0.role == aggregate.role
        }
        guard let touch else {
            let role = aggregate.role.isEmpty ? "" : " as \(aggregate.role)"
            report(
                "event type \"\(eventName.value)\" names no \(aggregate.entity.value)\(role)",
                at: eventName.location)
            return nil
        }
        var field: Int?
        if let name = aggregate.field {
            field = events[event].position(ofField: name.value)
            guard let field, events[event].fields[field].type.isInteger else {
                let names = events[event].fields.filter(\.type.isInteger).map(\.name)
                let hint = NearestName.hint(name.value, among: names)
                report("no field \"\(name.value)\" of a whole number\(hint)", at: name.location)
                return nil
            }
        }
        let type: FeatureType =
            switch aggregate.aggregate {
            case .count: .int
            case .average, .deviation: .double
            case .sum, .maximum, .minimum:
                field.map { events[event].fields[$0].type == .money } == true ? .money : .int
            }
        let windows = aggregate.windows.compactMap { resolve($0) }
        return Resolved(
            declaration: aggregate, event: event, touch: touch, field: field, windows: windows,
            type: type)
    }

    private mutating func resolve(
        _ text: Located<String>
    ) -> (text: String, window: Window, tier: Tier)? {
        guard let window = Window.parse(text.value) else {
            report("\"\(text.value)\" is not a window such as 24h", at: text.location)
            return nil
        }
        let tier: Tier
        do {
            tier = try Tier.answering(window: window.milliseconds)
        } catch .overshoot(let milliseconds) {
            report(
                "a window of \(text.value) would overshoot by up to \(milliseconds / 1000) s",
                at: text.location)
            return nil
        } catch {
            report("no tier answers a window of \(text.value)", at: text.location)
            return nil
        }
        return (text.value, window, tier)
    }

    /// Nil, with a problem, if the entity needs more than a group can hold.
    private mutating func compile(
        _ entity: EntityDeclaration, _ index: Int, _ aggregates: [Resolved],
        _ events: [EventDefinition], _ currency: String
    ) -> EntityDefinition? {
        let used = Set(aggregates.flatMap { $0.windows.map(\.tier) })
        let tiers = Tier.standard.filter(used.contains)
        var needs: [MeasureKey: (statistics: Measure.Statistics, tiers: UInt64)] = [:]
        func key(_ aggregate: Resolved) -> MeasureKey {
            MeasureKey(
                event: aggregate.event, touch: aggregate.touch, field: aggregate.field ?? -1)
        }
        func position(_ tier: Tier) -> Int { tiers.firstIndex(of: tier) ?? 0 }
        for aggregate in aggregates {
            var need = needs[key(aggregate)] ?? ([], 0)
            need.statistics.formUnion(aggregate.declaration.aggregate.statistics)
            for window in aggregate.windows { need.tiers |= 1 << UInt64(position(window.tier)) }
            needs[key(aggregate)] = need
        }
        let keys = needs.keys.sorted()
        guard keys.count <= Group.maximumMeasures else {
            report(
                "entity \"\(entity.name.value)\" needs \(keys.count) counters; at most"
                    + " \(Group.maximumMeasures)", at: entity.name.location)
            return nil
        }
        let measures = keys.map { key in
            Measure(
                sources: [
                    Source(
                        event: key.event, touch: key.touch,
                        values: key.field < 0 ? [] : [key.field])
                ],
                statistics: needs[key]?.statistics ?? [], tiers: needs[key]?.tiers ?? 0)
        }
        let group = Group(tiers: tiers, measures: measures)
        let features = aggregates.flatMap { aggregate in
            aggregate.windows.map { window in
                feature(
                    aggregate, window, entity: entity, events, currency,
                    measure: keys.firstIndex(of: key(aggregate)) ?? 0, tier: position(window.tier))
            }
        }
        let touching = events.flatMap { event in
            event.touches.filter { $0.entity == index }
                .map { "\(event.name) \($0.role) \(event.fields[$0.field].name)" }
        }
        // Every event that touches the entity moves its clock and version.
        let meaning =
            "group \(entity.name.value) \(touching)" + meaning(of: group, events, currency)
        return EntityDefinition(
            name: entity.name.value, short: entity.short.value, key: entity.key.value,
            group: group, meaning: meaning, plan: ReadPlan(features.map(\.read), group: group),
            features: features)
    }

    private func feature(
        _ aggregate: Resolved, _ window: (text: String, window: Window, tier: Tier),
        entity: EntityDeclaration, _ events: [EventDefinition], _ currency: String,
        measure: Int, tier: Int
    ) -> AggregateFeature {
        let declaration = aggregate.declaration
        let field = aggregate.field.map { events[aggregate.event].fields[$0] }
        let unit = field?.type == .money ? currency : ""
        let meaning =
            "\(declaration.aggregate.rawValue) \(entity.name.value) \(declaration.event.value)"
            + " \(declaration.role) \(field?.name ?? "") \(unit)"
            + " \(window.window.milliseconds)/\(window.tier.hop)"
        return AggregateFeature(
            name: "\(entity.short.value)_\(declaration.name.value)_\(window.text)",
            read: AggregateRead(
                aggregate: declaration.aggregate, measure: measure, tier: tier,
                window: window.window.milliseconds,
                defaultValue: declaration.defaultIsMissing ? FeatureValue.missing : 0),
            type: aggregate.type, meaning: meaning, description: declaration.description)
    }

    /// By names, not positions: another event type or field elsewhere changes nothing here.
    private func meaning(
        of group: Group, _ events: [EventDefinition], _ currency: String
    ) -> String {
        let tiers = group.tiers.map { "\($0.span)/\($0.hop)" }
        let measures = group.measures.map { measure in
            let sources = measure.sources.map { source in
                let event = events[source.event]
                let field = source.values.first.flatMap { $0 }.map { event.fields[$0] }
                return "\(event.name) \(event.touches[source.touch].role) \(field?.name ?? "")"
                    + " \(field?.type == .money ? currency : "")"
            }
            return "\(sources) \(measure.statistics.rawValue) \(measure.tiers)"
        }
        return " \(tiers) \(measures)"
    }
}

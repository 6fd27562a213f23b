internal import RuleLanguage

/// An aggregate whose names are resolved.
struct ResolvedAggregate {
    /// One window: where it is read, and the name it is read under.
    struct WindowRead {
        let name: String
        let window: Int64
        let lag: Int64?
        let tier: Tier
    }

    let declaration: AggregateDeclaration
    /// Meaning of its counter, and of the one that divides.
    let measure: String
    let per: String?
    /// Meaning of the list that counts exactly.
    let list: String?
    let windows: [WindowRead]
    let type: FeatureType
    let unit: Unit?
    /// Not nil: it counts by class.
    let classes: Measure.Classes?
    /// What is counted; nil for events.
    let field: FieldDefinition?
    /// How many classes there can be.
    let maximumClasses: Int

    func features(_ compiled: CompiledMeasures, lists: [String: Int]) -> [StateFeature] {
        guard case .aggregate(let aggregate) = declaration.operation else { return [] }
        let exact = list.flatMap { lists[$0] }.map {
            ExactRead(list: $0, value: field == nil ? nil : 0)
        }
        return windows.map { window in
            let read = AggregateRead(
                aggregate: aggregate, measure: compiled.positions[measure] ?? 0,
                tier: compiled.tierPositions[window.tier] ?? 0, window: window.window,
                lag: window.lag, per: per.flatMap { compiled.positions[$0] }, exact: exact,
                includesSelf: declaration.includesSelf, defaultValue: declaration.defaultValue)
            return StateFeature(
                name: window.name, alias: nil, read: .aggregate(read), type: type, unit: unit,
                defaultValue: declaration.defaultValue,
                meaning: meaning(aggregate.rawValue, window),
                documentation: declaration.documentation)
        }
    }

    func counts(_ compiled: CompiledMeasures) -> [CountsFeature] {
        guard let classes, let field else { return [] }
        return windows.map { window in
            CountsFeature(
                name: window.name, measure: compiled.positions[measure] ?? 0,
                tier: compiled.tierPositions[window.tier] ?? 0, window: window.window,
                lag: window.lag, classes: classes, maximumClasses: maximumClasses,
                field: field.type,
                enumeration: field.enumeration,
                meaning: meaning("classes", window), documentation: declaration.documentation)
        }
    }

    private func meaning(_ operation: String, _ window: WindowRead) -> String {
        "\(operation) \(declaration.entity.value) \(measure) \(window.window)/\(window.tier.hop)"
            + " lag \(window.lag ?? 0) per \(per ?? "") exact \(list != nil)"
            + " self \(declaration.includesSelf)"
    }
}

extension DefinitionCompiler {
    mutating func addAggregates(to draft: inout EntityDraft) {
        let name = draft.declaration.name.value
        let own = files.flatMap(\.aggregates).filter { $0.entity.value == name }
        unique(own.map(\.name), what: "aggregate of \(name)")
        for aggregate in sortedByName(own, \.name.value) { add(aggregate, to: &draft) }
    }

    private mutating func add(_ aggregate: AggregateDeclaration, to draft: inout EntityDraft) {
        let known = problems.count
        guard let sources = resolve(aggregate.sources, entity: draft.index) else { return }
        var value: (positions: [Int], field: FieldDefinition)?
        if let name = aggregate.field {
            guard let found = fields(name, of: sources), check(aggregate, found.field, name) else {
                return
            }
            value = found
        }
        guard let times = times(aggregate, of: sources) else { return }
        let windows = windows(of: aggregate, draft.declaration)
        let classes = classes(aggregate.operation)
        if classes != nil { checkCounts(aggregate) }
        // What the sources mean, without and with the counted value.
        let described = zip(sources, times).map { source, time in
            "\(source.meaning) at '\(time.map { events[source.event].fields[$0].name } ?? "")'"
        }
        let valued = zip(described, sources.indices).map { text, index in
            value.map {
                "\(text) of \(fieldMeaning($0.positions[index], of: sources[index].event))"
            }
                ?? text
        }
        let measure = "\(valued.sorted()) \(classes.map { "\($0)" } ?? "")"
        draft.measures.add(
            sources.indices.map { index in
                Source(
                    event: sources[index].event, touch: sources[index].touch,
                    filter: sources[index].filter,
                    values: value.map { [$0.positions[index]] } ?? [], time: times[index])
            }, meaning: measure, events: "\(described.sorted())",
            statistics: statistics(aggregate.operation), classes: classes,
            tiers: windows.map(\.tier),
            isAlwaysThere: sources.indices.allSatisfy { index in
                value.map { events[sources[index].event].fields[$0.positions[index]].isRequired }
                    ?? false
            })
        for window in windows {
            if let lag = window.lag { draft.measures.addLag(reach: window.window + lag) }
        }
        let list = aggregate.isExact ? addList(for: aggregate, sources, value, to: &draft) : nil
        let per = aggregate.per.flatMap {
            addDivisor($0, of: aggregate, sources, windows, to: &draft)
        }
        guard problems.count == known else { return }
        let (type, unit) = type(of: aggregate, value?.field)
        draft.aggregates.append(
            ResolvedAggregate(
                declaration: aggregate, measure: measure, per: per, list: list, windows: windows,
                type: type, unit: unit, classes: classes, field: value?.field,
                maximumClasses: maximumClasses(classes, value?.field)))
    }

    /// Counts by class are a fact of expressions, not a feature: they have no event at hand, and an
    /// expression says what they are when there are none.
    private mutating func checkCounts(_ aggregate: AggregateDeclaration) {
        let location = aggregate.name.location
        if aggregate.includesSelf {
            report("counts by class never contain the event at hand", at: location)
        }
        if aggregate.defaultValue != 0 {
            report("counts by class have no default; what reads them has", at: location)
        }
    }

    // MARK: What is counted

    private func classes(_ operation: AggregateDeclaration.Operation) -> Measure.Classes? {
        switch operation {
        case .aggregate: nil
        case .countBy: .code
        case .histogram: .magnitude
        }
    }

    private func maximumClasses(_ classes: Measure.Classes?, _ field: FieldDefinition?) -> Int {
        guard let classes, let field else { return 0 }
        switch (classes, field.type) {
        case (.magnitude, _): return Int(Measure.Classes.magnitude(.max)) + 1
        case (.code, .bool): return 2
        case (.code, .category): return field.enumeration.map { enumerations[$0].labels.count } ?? 0
        case (.code, _):
            let most = Measure.Classes.maximum
            return Int(min(max(field.maximum ?? most, 0), most)) + 1
        }
    }

    private func statistics(_ operation: AggregateDeclaration.Operation) -> Measure.Statistics {
        if case .aggregate(let aggregate) = operation { aggregate.statistics } else { [] }
    }

    private mutating func check(
        _ aggregate: AggregateDeclaration, _ field: FieldDefinition, _ name: Located<String>
    ) -> Bool {
        let fits: Bool
        switch aggregate.operation {
        case .aggregate(.maximum), .aggregate(.minimum): fits = field.type.isOrdered
        case .aggregate: fits = field.type.isAddable
        case .histogram: fits = field.type == .int || field.type == .money
        case .countBy: fits = field.type == .int || field.type == .bool || field.type == .category
        }
        guard !fits else { return true }
        let wanted =
            switch aggregate.operation {
            case .countBy: "of a category, an int or a bool"
            default: "of a whole number or of money"
            }
        let names = events.flatMap { $0.fields.filter(\.type.isAddable).map(\.name) }
        let hint = hint(name.value, among: Set(names).subtracting([name.value]))
        report(
            "this must be a field \(wanted); \"\(name.value)\" is \(describe(field))\(hint)",
            at: name.location)
        return false
    }

    private func type(
        of aggregate: AggregateDeclaration, _ field: FieldDefinition?
    ) -> (FeatureType, Unit?) {
        let money: Unit? = field?.type == .money ? .money : nil
        guard case .aggregate(let operation) = aggregate.operation else { return (.int, .count) }
        if aggregate.per != nil { return (.double, operation == .count ? .share : money) }
        switch operation {
        case .count: return (.int, .count)
        case .average: return (.double, money)
        case .deviation, .logAverage: return (.double, nil)
        case .sum, .maximum, .minimum: return (money == nil ? .int : .money, money)
        }
    }

    /// `at:` the field with the time that is counted, per source.
    private mutating func times(
        _ aggregate: AggregateDeclaration, of sources: [ResolvedSource]
    ) -> [Int?]? {
        guard let time = aggregate.time else { return sources.map { _ in nil } }
        if aggregate.isExact {
            report("what counts exactly counts at its own time", at: time.location)
        }
        guard let found = fields(time, of: sources) else { return nil }
        guard found.field.type == .timestamp else {
            report("\"\(time.value)\" is no timestamp", at: time.location)
            return nil
        }
        return found.positions
    }

    /// The counter of all events of the type, which divides; its meaning.
    private mutating func addDivisor(
        _ event: Located<String>, of aggregate: AggregateDeclaration, _ sources: [ResolvedSource],
        _ windows: [ResolvedAggregate.WindowRead], to draft: inout EntityDraft
    ) -> String? {
        switch aggregate.operation {
        case .aggregate(.count), .aggregate(.sum): break
        default: report("only a count or a sum can be per event", at: event.location)
        }
        if aggregate.isExact { report("what counts exactly divides nothing", at: event.location) }
        // In the role that the counted events have.
        let role = sources.first.map { events[$0.event].touches[$0.touch].role } ?? ""
        let declared = SourceDeclaration(
            event: event, role: role.isEmpty ? nil : Located(role, at: event.location))
        guard let source = resolve([declared], entity: draft.index)?.first else { return nil }
        let described = "\(["\(source.meaning) at ''"])"
        let meaning = described + " "
        draft.measures.add(
            [Source(event: source.event, touch: source.touch)], meaning: meaning, events: described,
            tiers: windows.map(\.tier))
        return meaning
    }

    /// The list of the newest events that an exact aggregate reads; its meaning.
    private mutating func addList(
        for aggregate: AggregateDeclaration, _ sources: [ResolvedSource],
        _ value: (positions: [Int], field: FieldDefinition)?, to draft: inout EntityDraft
    ) -> String? {
        if let lag = aggregate.lag { report("what counts exactly has no lag", at: lag.location) }
        guard case .aggregate = aggregate.operation else {
            report("classes are not counted exactly", at: aggregate.name.location)
            return nil
        }
        let described = sources.indices.map { index in
            sources[index].meaning
                + (value.map {
                    " of \(fieldMeaning($0.positions[index], of: sources[index].event))"
                }
                    ?? "")
        }
        let remember = longestWindow(of: aggregate)
        let meaning = "exact \(described.sorted()) remember \(remember ?? 0)"
        guard !draft.recents.contains(where: { $0.definition.meaning == meaning }) else {
            return meaning
        }
        let list = RecentList(
            sources: sources.indices.map { index in
                Source(
                    event: sources[index].event, touch: sources[index].touch,
                    filter: sources[index].filter,
                    values: value.map { [$0.positions[index]] } ?? [])
            }, values: value.map { [$0.field.kind] } ?? [], rows: RecentList.maximumRows,
            remember: remember)
        draft.recents.append(
            (
                list,
                RecentDefinition(
                    name: "", fields: [], rows: list.rows, meaning: meaning,
                    documentation: aggregate.documentation)
            ))
        return meaning
    }

    /// How long the events of exact aggregates matter.
    private func longestWindow(of aggregate: AggregateDeclaration) -> Int64? {
        let windows = files.flatMap(\.aggregates).filter {
            $0.isExact && $0.entity.value == aggregate.entity.value
        }.flatMap(\.windows)
        let spans = windows.map { Window.parse($0.value)?.milliseconds }
        return spans.contains(nil) ? nil : spans.compactMap { $0 }.max()
    }
}

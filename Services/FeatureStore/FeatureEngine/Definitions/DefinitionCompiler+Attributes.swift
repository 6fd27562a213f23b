internal import RuleLanguage

extension DefinitionCompiler {
    mutating func addAttributes(to draft: inout EntityDraft) {
        let name = draft.declaration.name.value
        let own = files.flatMap(\.attributes).filter { $0.entity.value == name }
        unique(own.map(\.name), what: "attribute of \(name)")
        for attribute in sortedByName(own, \.name.value) { add(attribute, to: &draft) }
    }

    private mutating func add(_ attribute: AttributeDeclaration, to draft: inout EntityDraft) {
        guard let sources = resolve(attribute.sources, entity: draft.index),
            let value = fields(attribute.field, of: sources)
        else { return }
        let remember = attribute.remember.flatMap { span($0, of: "remember") }
        let described = sources.indices.map { index in
            "\(sources[index].meaning) of"
                + " \(fieldMeaning(value.positions[index], of: sources[index].event))"
        }
        let meaning =
            "attribute \(described.sorted()) remember \(remember ?? 0) exact \(attribute.exact)"
            + " sketch \(attribute.sketch)\(value.field.kind == .hash ? "" : " of mixed words")"
        let compiled = Attribute(
            sources: sources.indices.map { index in
                Source(
                    event: sources[index].event, touch: sources[index].touch,
                    filter: sources[index].filter, values: [value.positions[index]])
            }, kind: value.field.kind, remember: remember, exact: attribute.exact,
            sketchBits: attribute.sketch == 256 ? 8 : 10)
        let argument = argument(of: attribute, sources, value)
        var reads = countReads(of: attribute, remember, meaning, draft.declaration)
        reads += lookups(of: attribute, argument, meaning, draft.declaration)
        draft.attributes.append((meaning, compiled, reads))
    }

    /// Where each event type has the value at hand: the sources have it where it is counted,
    /// others under the same name.
    private func argument(
        of attribute: AttributeDeclaration, _ sources: [ResolvedSource],
        _ value: (positions: [Int], field: FieldDefinition)
    ) -> [Int?] {
        events.indices.map { event in
            if let source = sources.firstIndex(where: { $0.event == event }) {
                return value.positions[source]
            }
            return events[event].position(ofField: attribute.field.value).flatMap { position in
                let field = events[event].fields[position]
                return field.type == value.field.type
                    && field.enumeration == value.field.enumeration ? position : nil
            }
        }
    }

    private mutating func countReads(
        of attribute: AttributeDeclaration, _ remember: Int64?, _ meaning: String,
        _ entity: EntityDeclaration
    ) -> [EntityDraft.PendingRead] {
        checkDistinct(attribute.windows)
        checkNames(attribute.names, of: attribute.windows)
        let hop = attribute.hop.flatMap { span($0, of: "hop") }
        return attribute.windows.enumerated().flatMap { index, text -> [EntityDraft.PendingRead] in
            guard let (window, tier) = resolve(text, hop: hop, lag: nil) else { return [] }
            if let remember, window > remember {
                report(
                    "a window of \(text.value) is longer than values are remembered",
                    at: text.location)
                return []
            }
            let own = index < attribute.names.count ? attribute.names[index].value : nil
            let counts: [(String, String?, AttributeRead.Aspect)] = [
                ("distinct", own, .distinct(window: window, hop: tier.hop)),
                ("first_seen", nil, .firstSeen(window: window, hop: tier.hop)),
            ]
            return counts.map { name, own, aspect in
                EntityDraft.PendingRead(
                    name: own
                        ?? "\(entity.short.value)_\(name)_\(attribute.name.value)_\(text.value)",
                    alias: nil, aspect: aspect, argument: [],
                    includesSelf: attribute.includesSelf, type: .int, unit: .count,
                    defaultValue: 0,
                    meaning: "\(name) \(entity.name.value) \(window)/\(tier.hop)"
                        + " self \(attribute.includesSelf) \(meaning)",
                    documentation: attribute.documentation)
            }
        }
    }

    /// What is known of the value at hand.
    private func lookups(
        of attribute: AttributeDeclaration, _ argument: [Int?], _ meaning: String,
        _ entity: EntityDeclaration
    ) -> [EntityDraft.PendingRead] {
        let (short, name) = (entity.short.value, attribute.name.value)
        let missing = FeatureValue.missing
        func read(
            _ full: String, alias: String? = nil, _ aspect: AttributeRead.Aspect,
            _ type: FeatureType, _ unit: Unit?, _ defaultValue: Double
        ) -> EntityDraft.PendingRead {
            EntityDraft.PendingRead(
                name: full, alias: alias, aspect: aspect, argument: argument,
                includesSelf: attribute.includesSelf, type: type, unit: unit,
                defaultValue: defaultValue,
                meaning: "\(aspect) \(entity.name.value) self \(attribute.includesSelf) \(meaning)",
                documentation: attribute.documentation)
        }
        return [
            read("\(short)_is_new_\(name)", alias: "is_new_\(name)", .isNew, .bool, nil, missing),
            read(
                "\(short)_days_since_first_seen_\(name)", .daysSinceFirstSeen, .int, nil, missing),
            read(
                "\(short)_secs_since_first_seen_\(name)", .secondsSinceFirstSeen, .int, .seconds,
                missing),
            read(
                "\(short)_secs_since_last_seen_\(name)", .secondsSinceLastSeen, .int, .seconds,
                missing),
            read("n_prior_txn_\(short)_\(name)", .timesSeen, .int, .count, 0),
        ]
    }
}

internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// Events of the log. What was erased of them is replaced by what their rows kept of it.
extension EventResolver {
    /// The event of a row; nil if its type is no longer defined.
    func resolve(_ row: AssayFeaturesV1.LogRow) -> ResolvedEvent? {
        let conversions = row.amounts.map {
            ResolvedEvent.Conversion(field: $0.field, units: $0.units)
        }
        guard
            var event = try? resolve(
                row.event, tenant: row.tenant, references: row.references,
                conversions: conversions, received: nil)
        else { return nil }
        event.recorded = recordedTouches(row, definitions.events[event.type].touches)
        if row.isPartial { restore(&event, from: row) }
        return event
    }

    /// Rows name entities by their pseudonyms: those stay when the texts are erased.
    private func recordedTouches(
        _ row: AssayFeaturesV1.LogRow, _ touches: [Touch]
    ) -> [ResolvedEvent.RecordedTouch] {
        touches.map { touch in
            let name = definitions.entities[touch.entity].name
            let logged = row.entities.first { $0.role == touch.role && $0.entity == name }
            guard let logged else { return .notNamed }
            return StateKey(bytes: logged.pid).map { .entity($0) } ?? .erased
        }
    }

    private func restore(_ event: inout ResolvedEvent, from row: AssayFeaturesV1.LogRow) {
        let (definition, kept) = (definitions.events[event.type], plans[event.type].kept)
        // Computed from what is there now they could be others.
        for position in kept.computed {
            event.words[position] = nil
            event.texts[position] = nil
        }
        for word in row.words {
            guard let position = definition.position(ofField: word.field),
                event.words[position] == nil, kept.words.contains(position)
            else { continue }
            event.words[position] = Int64(bitPattern: word.word)
        }
        for filter in kept.filters {
            if row.filters.contains(filter.name) {
                event.filters.insert(filter.position)
            } else {
                event.filters.remove(filter.position)
            }
        }
    }

    // MARK: What a row keeps

    func keptWords(of event: ResolvedEvent) -> [AssayFeaturesV1.KeptWord] {
        let plan = plans[event.type]
        return plan.kept.words.compactMap { position in
            event.words[position].map {
                AssayFeaturesV1.KeptWord(
                    field: plan.definition.fields[position].name, word: UInt64(bitPattern: $0))
            }
        }
    }

    /// The names of the filters that hold and read personal fields.
    func keptFilters(of event: ResolvedEvent) -> [UInt64] {
        plans[event.type].kept.filters.compactMap {
            event.filters.contains($0.position) ? $0.name : nil
        }
    }
}

extension AssayFeaturesV1.LogRow {
    /// Whether personal fields stayed away when the row was opened.
    var isPartial: Bool { !sealed.isEmpty }
}

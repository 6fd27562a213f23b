internal import FeatureEngine

extension ResolvedEvent {
    /// The entities the event names, each once: two roles of one key are one entity. An event that
    /// lacks a part of an entity's key does not name it.
    ///
    /// - Parameter known: pseudonyms of the tenant that were made before.
    func entities(
        _ definitions: DefinitionSet, tenant: String, known: KnownPseudonyms? = nil
    ) -> [EntityReference] {
        var found: [EntityReference] = []
        let touches = definitions.events[type].touches
        found.reserveCapacity(touches.count)
        for (index, touch) in touches.enumerated() {
            guard let pid = pid(of: touch, at: index, definitions, known) else { continue }
            if let same = found.firstIndex(where: { $0.entity == touch.entity && $0.key == pid }) {
                found[same].touches |= 1 << UInt64(index)
                continue
            }
            found.append(
                EntityReference(
                    tenant: tenant, entity: touch.entity, role: touch.role, key: pid,
                    touches: 1 << UInt64(index)))
        }
        return found
    }

    private func pid(
        of touch: Touch, at index: Int, _ definitions: DefinitionSet, _ known: KnownPseudonyms?
    ) -> StateKey? {
        if index < recorded.count {
            switch recorded[index] {
            case .entity(let key): return key
            case .erased: return nil
            case .notNamed: break
            }
        }
        let name = definitions.entities[touch.entity].name
        if touch.fields.count == 1 {
            guard let text = texts[touch.fields[0]], !text.isEmpty else { return nil }
            return known?.pid(entity: touch.entity, text) { key.pid(entity: name, key: text) }
                ?? key.pid(entity: name, key: text)
        }
        var parts: [String] = []
        for field in touch.fields {
            guard let text = texts[field], !text.isEmpty else { return nil }
            parts.append(text)
        }
        return key.pid(entity: name, parts: parts)
    }
}

internal import FeatureEngine

extension ResolvedEvent {
    /// The entities the event names, each once: two roles of one key are one entity.
    func entities(_ definitions: DefinitionSet, tenant: String) -> [EntityReference] {
        var found: [EntityReference] = []
        let touches = definitions.events[type].touches
        found.reserveCapacity(touches.count)
        for (index, touch) in touches.enumerated() {
            guard let id = key(touch) else { continue }
            if let same = found.firstIndex(where: { $0.entity == touch.entity && $0.id == id }) {
                found[same].touches |= 1 << UInt64(index)
                continue
            }
            let name = definitions.entities[touch.entity].name
            found.append(
                EntityReference(
                    tenant: tenant, entity: touch.entity, role: touch.role, id: id,
                    key: StateKey(tenant: tenant, entity: name, key: id),
                    touches: 1 << UInt64(index)))
        }
        return found
    }

    /// The parts of a key as one text; parts of several are told apart by their lengths.
    private func key(_ touch: Touch) -> String? {
        let parts = touch.fields.compactMap { texts[$0] }.filter { !$0.isEmpty }
        guard parts.count == touch.fields.count else { return nil }
        return parts.count == 1
            ? parts[0] : parts.map { "\($0.utf8.count):\($0)" }.joined()
    }
}

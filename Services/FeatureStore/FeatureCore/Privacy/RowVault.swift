internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

/// Seals the personal fields of log rows, each subject's under its own key of this store, and opens
/// them again.
struct RowVault: Sendable {
    let rows: PersonalRows
    let subjects: SubjectKeys

    init(_ definitions: DefinitionSet, keys: TenantKeys, subjects: SubjectKeys) {
        rows = PersonalRows(definitions, keys: keys)
        self.subjects = subjects
    }

    /// Takes the personal fields out of a row's events and puts them back sealed. New keys, and
    /// whose the entities are, go into the batch.
    ///
    /// - Parameter entities: those of the row's own event.
    func seal(
        _ row: inout AssayFeaturesV1.LogRow, _ entities: [EntityReference],
        _ batch: inout WriteBatch
    ) throws -> SubjectKeys.Pending {
        var pending = SubjectKeys.Pending()
        let parted = rows.part(&row, entities)
        add(parted.owned, row.tenant, &batch, &pending)
        for part in parted.personal {
            let key = try subjects.key(of: part.subject, tenant: row.tenant, &batch, &pending)
            let plain = AssayFeaturesV1.PersonalFields(fields: part.fields).encoded()
            row.sealed.append(
                AssayFeaturesV1.SealedFields(
                    subject: part.subject.bytes, event: UInt32(part.event),
                    fields: try key.seal(
                        plain, sequence: row.sequence, place: UInt32(row.sealed.count))))
        }
        return pending
    }

    /// Puts the personal fields back. Those of an erased subject stay away, and sealed.
    func open(_ row: inout AssayFeaturesV1.LogRow) throws {
        let tenant = row.tenant
        try rows.open(&row) { try subjects.key(of: $0, tenant: tenant, opening: $1) }
    }

    /// Whose the entities of a row are, by their pseudonyms in it.
    func owned(_ row: AssayFeaturesV1.LogRow) -> [SubjectKeys.Owned] { rows.owned(row) }

    /// Tells whose the entities of a row are that somebody else has sealed, or that was recorded under
    /// other definitions.
    func index(
        _ row: AssayFeaturesV1.LogRow, _ batch: inout WriteBatch
    ) -> SubjectKeys.Pending {
        var pending = SubjectKeys.Pending()
        add(rows.owned(row), row.tenant, &batch, &pending)
        return pending
    }

    private func add(
        _ owned: [SubjectKeys.Owned], _ tenant: String, _ batch: inout WriteBatch,
        _ pending: inout SubjectKeys.Pending
    ) {
        subjects.add(owned, tenant: tenant, &batch, &pending) {
            rows.definitions.entities[$0].name
        }
    }
}

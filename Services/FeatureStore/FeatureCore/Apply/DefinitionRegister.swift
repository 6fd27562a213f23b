internal import AssayMessages
internal import Storage
internal import Synchronization

/// Which definitions are in force, as the store keeps it. They change one at a time: whoever changes
/// them holds the lock from the look at what is in force to the end.
final class DefinitionRegister: Sendable {
    struct State: Sendable {
        var row: AssayFeaturesV1.DefinitionsRow
        /// States that are being made.
        var backfill: Backfill?
        /// The row is on its way to the disk, behind events: none may be stored before it.
        var isSwitching = false
        /// Generations that nothing is kept of: until they are gone nothing is made in them.
        var doomed: [[UInt8]: Doom] = [:]
    }

    enum Doom {
        case waiting
        case underWay
    }

    let archive: DefinitionArchive
    let state: Mutex<State>

    init(_ store: any KeyValueStore, _ row: AssayFeaturesV1.DefinitionsRow) {
        archive = DefinitionArchive(store: store)
        state = Mutex(State(row: row))
    }

    /// Stores the row, synced: a definition set is in force once it is on the disk.
    func store(
        _ row: AssayFeaturesV1.DefinitionsRow, _ sources: DefinitionSources? = nil,
        of hash: [UInt8] = []
    ) throws(StorageError) {
        var batch = WriteBatch()
        if let sources { archive.put(sources, of: hash, to: &batch) }
        archive.put(row, to: &batch)
        try archive.store.write(batch, sync: true)
    }
}

public import AssayMessages
public import FeatureEngine
internal import Foundation
internal import Storage
internal import Wire

/// The event log in the directory of an embedded store that no process has open.
public final class RecordedLog {
    private let storage: RocksDBStore
    private let pipeline: EventPipeline
    private let log: EventLog

    /// Throws if there is no store in the directory, or a process has it open.
    ///
    /// - Parameter masterKey: that of the store; nil where the store made its own.
    public init(
        directory: String, definitions: DefinitionSet, masterKey: MasterKey? = nil
    ) throws {
        guard FileManager.default.fileExists(atPath: "\(directory)/CURRENT") else {
            throw MissingStore(directory: directory)
        }
        storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families)
        let masterKey = try StoreKey.open(storage, given: masterKey)
        pipeline = EventPipeline(definitions, masterKey: masterKey) { .blank() }
        let vault = RowVault(
            definitions, keys: pipeline.keys,
            subjects: SubjectKeys(store: storage, keys: pipeline.keys))
        log = EventLog(store: storage, pipeline: pipeline, vault: vault)
    }

    deinit { storage.close() }

    /// Builds a training set.
    ///
    /// - Parameter write: takes the rows, part by part.
    /// - Returns: The manifest, and its sealed form.
    public func trainingSet(
        _ plan: AssayFeaturesV1.TrainingPlan, tenant: String,
        write: ([UInt8]) throws -> Void
    ) throws -> (manifest: AssayFeaturesV1.TrainingManifest, sealed: [UInt8]) {
        var builder = try TrainingSetBuilder(
            AssayFeaturesV1.BuildTrainingSetRequest(plan: plan), log: log,
            definitions: pipeline.definitions, vectors: pipeline.vectors, tenant: tenant,
            maximumEntities: .max)
        var sealed: [UInt8] = []
        while let chunk = try builder.next() {
            switch chunk {
            case .rows(let bytes): try write(bytes)
            case .manifest(let bytes): sealed = bytes
            default: break
            }
        }
        return (try SealedRecord.open(sealed), sealed)
    }
}

private struct MissingStore: Error, CustomStringConvertible {
    let directory: String

    var description: String { "\(directory): there is no feature store in this folder" }
}

extension AssayFeaturesV1.TrainingManifest {
    /// Whether the rows are those that the manifest names.
    public func names(rows: [UInt8]) -> Bool { Hash.sha256(rows) == rowsDigest }
}

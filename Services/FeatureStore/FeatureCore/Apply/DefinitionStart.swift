internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

/// With which definitions a store starts: those that it has in force, unless the folder beside it
/// has something to say.
///
/// The store's own win. A process that ends at night must come up with what it served, also where
/// the folder is older than what was applied since, or newer and not applied yet.
struct DefinitionStart {
    let active: DefinitionSet
    /// What the store is to keep.
    let row: AssayFeaturesV1.DefinitionsRow
    /// Not nil: files that the store does not have.
    let sources: DefinitionSources?
    /// What an operator should read.
    let notice: String?

    /// - Parameter replaces: the folder is taken as it is; states are made anew where they must be.
    init(
        _ folder: DefinitionSources, _ archive: DefinitionArchive, replaces: Bool, now: Timestamp
    ) throws {
        let set = try folder.compile()
        let digest = folder.digest
        guard let known = try archive.row(), !replaces else {
            active = set
            sources = folder
            notice = replaces ? "the definitions of the folder replace those in force" : nil
            row = AssayFeaturesV1.DefinitionsRow(
                active: set.hash, applied: now, folder: digest)
            return
        }
        var row = known
        row.folder = digest
        let stored = try Self.sources(known.active, archive)
        guard stored.digest != digest else {
            active = set
            sources = nil
            notice = nil
            self.row = row
            return
        }
        let before = try Self.compiled(stored)
        let plan = DefinitionPlan(from: before, to: set)
        let lines = plan.lines().joined(separator: "\n")
        let isNews = known.folder != digest
        guard isNews, plan.isWarm, row.backfill?.isUnderWay != true else {
            active = before
            sources = nil
            notice =
                (isNews
                    ? "the folder has other definitions, which are not in force: apply them with"
                        + " `assay features apply`"
                    : "the definitions in force were applied since: the folder has others")
                + "\n" + lines
            self.row = row
            return
        }
        row.active = set.hash
        row.planHash = plan.hash
        row.applied = now
        active = set
        sources = folder
        notice = "the definitions of the folder are in force\n" + lines
        self.row = row
    }

    static func compiled(_ hash: [UInt8], _ archive: DefinitionArchive) throws -> DefinitionSet {
        try compiled(try sources(hash, archive))
    }

    private static func sources(
        _ hash: [UInt8], _ archive: DefinitionArchive
    ) throws -> DefinitionSources {
        guard let sources = try archive.sources(of: hash) else {
            throw StorageError(.corrupt, "the files of the definitions in force are not there")
        }
        return sources
    }

    private static func compiled(_ sources: DefinitionSources) throws -> DefinitionSet {
        do {
            return try sources.compile()
        } catch {
            throw StorageError(
                .otherVersion,
                "the definitions in force do not compile with this program; start it with"
                    + " --replace-definitions to take those of the folder:\n\(error)")
        }
    }
}

extension DefinitionSources {
    /// SHA-256 of the files: unlike the hash of the set, also of what is only said of features.
    var digest: [UInt8] {
        var bytes: [UInt8] = []
        for (path, text) in texts.sorted(by: { $0.key < $1.key }) {
            for part in [path, text] {
                bytes += StorageKey.bigEndian(UInt64(part.utf8.count)) + part.utf8
            }
        }
        return Hash.sha256(bytes)
    }
}

extension DefinitionPlan {
    /// Whether it can be applied at once, with the states there are.
    var isWarm: Bool {
        !isRefused && !needsGeneration
            && changes.allSatisfy { $0.class == .note || $0.class == .free }
    }
}

extension AssayFeaturesV1.Backfill {
    var isUnderWay: Bool { phase != .done && phase != .stopped }
}

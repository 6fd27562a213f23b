public import AssayMessages
internal import Crypto
internal import Yams

/// A shadow as its file says it: a version that scores calls of an alias too, behind their replies.
public struct ShadowFile: Sendable {
    public let specification: AssayModelsV1.ShadowSpecification
    /// SHA-256 of the file's bytes.
    public let digest: [UInt8]
    let places: ExperimentFile.Places

    private static let requiredKeys = [
        "shadow", "revision", "owner", "model", "alias", "version", "share",
    ]

    /// Reads a file. Every problem is told at once.
    public init(yaml text: String, name file: String) throws(FileProblems) {
        var problems: [FileProblem] = []
        var places = ExperimentFile.Places(file: file)
        var found = AssayModelsV1.ShadowSpecification()
        if let root = FileText.parse(text, file: file, &problems) {
            let keys = root.object(
                "a shadow", required: Self.requiredKeys, optional: ["budget"], &problems)
            for (path, node) in keys { places.note(path, node) }
            found.shadow = keys["shadow"]?.name("shadow", &problems) ?? ""
            found.owner = keys["owner"]?.text("owner", maximum: 128, &problems) ?? ""
            found.model = keys["model"]?.name("model", &problems) ?? ""
            found.alias = keys["alias"]?.name("alias", &problems) ?? ""
            func number(_ key: String, _ range: ClosedRange<Int>) -> UInt32 {
                UInt32(clamping: keys[key]?.int(key, range, &problems) ?? 0)
            }
            found.revision = number("revision", 1...Int(Int32.max))
            found.version = number("version", 1...Int(UInt32.max))
            found.share = number("share", 1...ExperimentLimits.basisPoints)
            Self.readBudget(keys["budget"], &places, &found, &problems)
        }
        guard problems.isEmpty else { throw FileProblems(problems) }
        specification = found
        self.places = places
        digest = Array(SHA256.hash(data: Array(text.utf8)))
    }

    private static func readBudget(
        _ node: FileNode?, _ places: inout ExperimentFile.Places,
        _ found: inout AssayModelsV1.ShadowSpecification, _ problems: inout [FileProblem]
    ) {
        found.poolShare = UInt32(ShadowLimits.poolShare)
        found.queue = UInt32(ShadowLimits.queue)
        guard let node else { return }
        let keys = node.object("budget", required: [], optional: ["pool", "queue"], &problems)
        for (path, node) in keys { places.note("budget.\(path)", node) }
        if let pool = keys["pool"]?.int("budget.pool", 1...ShadowLimits.poolShare, &problems) {
            found.poolShare = UInt32(pool)
        }
        let lengths = ShadowLimits.smallestQueue...ShadowLimits.queue
        if let queue = keys["queue"]?.int("budget.queue", lengths, &problems) {
            found.queue = UInt32(queue)
        }
    }
}

public import AssayMessages
internal import Crypto
internal import Yams

/// A holdout as its file says it: units that take part in nothing that names it.
public struct HoldoutFile: Sendable {
    public let specification: AssayModelsV1.HoldoutSpecification
    /// SHA-256 of the file's bytes.
    public let digest: [UInt8]
    let places: ExperimentFile.Places

    public init(yaml text: String, name file: String) throws(FileProblems) {
        var problems: [FileProblem] = []
        var places = ExperimentFile.Places(file: file)
        var found = AssayModelsV1.HoldoutSpecification()
        if let root = FileText.parse(text, file: file, &problems) {
            let keys = root.object(
                "a holdout", required: ["holdout", "revision", "share", "owner", "purpose"],
                &problems)
            for (path, node) in keys { places.note(path, node) }
            found.holdout = keys["holdout"]?.name("holdout", &problems) ?? ""
            found.owner = keys["owner"]?.text("owner", maximum: 128, &problems) ?? ""
            found.purpose = keys["purpose"]?.text("purpose", maximum: 1_024, &problems) ?? ""
            found.revision = UInt32(
                clamping: keys["revision"]?.int("revision", 1...Int(Int32.max), &problems) ?? 0)
            found.share = UInt32(
                clamping: keys["share"]?.int(
                    "share", 1...ExperimentLimits.basisPoints, &problems) ?? 0)
        }
        guard problems.isEmpty else { throw FileProblems(problems) }
        specification = found
        self.places = places
        digest = Array(SHA256.hash(data: Array(text.utf8)))
    }

    /// What applying it over what is in force means.
    func plan(
        over present: AssayModelsV1.HoldoutRecord?
    ) -> (changes: [String], problems: [FileProblem], notes: [String]) {
        guard let before = present?.specification else {
            return ([], [], ["new: \(specification.share) basis points of all units are held out"])
        }
        var problems: [FileProblem] = []
        if UInt64(specification.revision) != UInt64(before.revision) + 1 {
            problems.append(
                places.problem(
                    "revision",
                    "\(before.revision) is applied, so the next is \(UInt64(before.revision) + 1), "
                        + "not \(specification.revision)"))
        }
        if specification.share < before.share {
            problems.append(
                places.problem(
                    "share",
                    "\(before.share) is applied; a smaller one would let units that were held out "
                        + "into experiments, and nothing could be said of them any more"))
        }
        let parts = [
            ("share", "\(before.share)", "\(specification.share)"),
            ("owner", before.owner, specification.owner),
            ("purpose", before.purpose, specification.purpose),
        ]
        return (
            parts.filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1) → \($0.2)" }, problems, []
        )
    }
}

/// What an inspection of a registry found.
public struct InspectionReport: Sendable {
    /// Something that is not as it was written, or does not fit what stands beside it.
    public struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// The row or file.
        public var place: String
        public var problem: String

        public var description: String { "\(place): \(problem)" }
    }

    /// In the order of the rows.
    public internal(set) var findings: [Finding] = []
    /// Files below the artifact folder that no version names: no damage, only room.
    public internal(set) var unreferenced: [String] = []
    public internal(set) var chains = 0
    public internal(set) var rows = 0
    public internal(set) var events = 0
    public internal(set) var artifacts = 0

    mutating func find(_ place: String, _ problem: String) {
        findings.append(Finding(place: place, problem: problem))
    }
}

public import Foundation

/// The texts that a rule set is made of. Reading them is one thing, compiling them another.
public struct RuleSources: Sendable {
    public struct File: Sendable {
        public var name: String
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    public var facts: File
    public var reasonCodes: File
    public var parameters: File
    /// Facts of an event on which no rule may fire; tests of rules are laid over it.
    public var benignContext: File
    public var packs: [File]
    /// One entry a line; a list's name is the file's, without its ending.
    public var lists: [File]

    public init(
        facts: File, reasonCodes: File, parameters: File, benignContext: File, packs: [File],
        lists: [File]
    ) {
        self.facts = facts
        self.reasonCodes = reasonCodes
        self.parameters = parameters
        self.benignContext = benignContext
        self.packs = packs
        self.lists = lists
    }

    static let maximumListBytes = 512 << 20

    /// Reads a folder: facts.tsv, reason-codes.tsv, parameters.yaml, benign-context.yaml,
    /// packs/*.yaml and lists/*.txt.
    public init(directory: URL) throws(ConfigurationFailure) {
        var problems: [Problem] = []
        func read(_ path: String) -> File {
            let url = directory.appending(path: path)
            do {
                return File(name: path, text: try String(contentsOf: url, encoding: .utf8))
            } catch {
                problems.append(
                    Problem(
                        file: path, line: 1, column: 1,
                        message: "cannot be read as UTF-8 from \(directory.path)"))
                return File(name: path, text: "")
            }
        }
        func files(_ folder: String, _ ending: String) -> [File] {
            let url = directory.appending(path: folder)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
            return names.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.sorted()
                .map { read(folder + "/" + $0) }
        }
        self.init(
            facts: read("facts.tsv"), reasonCodes: read("reason-codes.tsv"),
            parameters: read("parameters.yaml"), benignContext: read("benign-context.yaml"),
            packs: files("packs", ".yaml"), lists: files("lists", ".txt"))
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
    }
}

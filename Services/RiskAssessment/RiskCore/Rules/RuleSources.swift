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
    /// Offsets of the named time zones; without text there is only UTC.
    public var zones: File

    public init(
        facts: File, reasonCodes: File, parameters: File, benignContext: File, packs: [File],
        lists: [File], zones: File = File(name: Self.zonesFile, text: "")
    ) {
        self.zones = zones
        self.facts = facts
        self.reasonCodes = reasonCodes
        self.parameters = parameters
        self.benignContext = benignContext
        self.packs = packs
        self.lists = lists
    }

    /// Every file by its place in the folder, in a fixed order.
    public var files: [File] {
        ([facts, reasonCodes, parameters, benignContext] + packs + lists)
            .filter { !$0.name.isEmpty } + (zones.text.isEmpty ? [] : [zones])
    }

    /// Files that were named by their places in a folder; what belongs nowhere is left out.
    public init(files: [File]) {
        func file(_ name: String) -> File {
            files.first { $0.name == name } ?? File(name: name, text: "")
        }
        self.init(
            facts: file("facts.tsv"), reasonCodes: file("reason-codes.tsv"),
            parameters: file("parameters.yaml"), benignContext: file("benign-context.yaml"),
            packs: files.filter { $0.name.hasPrefix("packs/") }.sorted { $0.name < $1.name },
            lists: files.filter { $0.name.hasPrefix("lists/") }.sorted { $0.name < $1.name },
            zones: file(Self.zonesFile))
    }

    public static let zonesFile = "zones.tsv"
    static let maximumListBytes = 512 << 20

    /// Reads a folder: facts.tsv, reason-codes.tsv, parameters.yaml, benign-context.yaml,
    /// packs/*.yaml, lists/*.txt, and zones.tsv if there is one.
    public init(directory: URL) throws(ConfigurationFailure) {
        var problems: [Problem] = []
        func read(_ path: String) -> File {
            let url = directory.appending(path: path)
            do {
                return File(name: path, text: try ConfigurationText.read(url, as: path))
            } catch {
                problems.append(error)
                return File(name: path, text: "")
            }
        }
        func files(_ folder: String, _ ending: String) -> [File] {
            let url = directory.appending(path: folder)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
            problems += Self.missed(names, in: folder, directory, ending: ending)
            return names.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.sorted()
                .map { read(folder + "/" + $0) }
        }
        let hasZones = FileManager.default.fileExists(
            atPath: directory.appending(path: Self.zonesFile).path)
        self.init(
            facts: read("facts.tsv"), reasonCodes: read("reason-codes.tsv"),
            parameters: read("parameters.yaml"), benignContext: read("benign-context.yaml"),
            packs: files("packs", ".yaml"), lists: files("lists", ".txt"),
            zones: hasZones ? read(Self.zonesFile) : File(name: Self.zonesFile, text: ""))
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
    }

    /// Files and folders that were meant to be read and are not: a rule that nobody misses is worse
    /// than one that is wrong. What editors and mounts leave beside them is passed over.
    static func missed(
        _ names: [String], in folder: String, _ directory: URL, ending: String
    ) -> [Problem] {
        names.sorted().compactMap { name in
            if name.hasPrefix(".") || name.hasSuffix(ending) { return nil }
            let lower = name.lowercased()
            var isFolder: ObjCBool = false
            let path = directory.appending(path: folder + "/" + name).path
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            guard isFolder.boolValue || lower.hasSuffix(ending) || lower.hasSuffix(".yml") else {
                return nil
            }
            return Problem(
                file: folder + "/" + name, line: 1, column: 1,
                message: "is not read: files of \(folder) end in \(ending) and stand in no folder "
                    + "of their own; rename it, or take it away")
        }
    }
}

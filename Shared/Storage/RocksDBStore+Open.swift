internal import CRocksDB

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

struct OpenedRocksDB {
    var library: OpaquePointer
    var families: [Family: OpaquePointer]
    /// To be kept until the library is closed.
    var filters: [ExpiryFilter]
}

func openRocksDB(
    directory: String, families: [Family], expiry: [Family: any RowExpiry], options: RocksDBOptions
) throws(StorageError) -> OpenedRocksDB {
    guard let made = options.make() else {
        throw StorageError(.io, "no memory for the options of \(directory)")
    }
    defer { rocksdb_options_destroy(made) }
    // RocksDB opens a directory only with all the families it has, known to us or not.
    var names = ["default"]
    let existing = existingFamilies(directory, made)
    for name in existing + families.map(\.name) where !names.contains(name) { names.append(name) }

    let texts = names.map { strdup($0) }
    defer { for text in texts { free(text) } }
    let pointers = texts.map { UnsafePointer($0) }
    let filters = names.map { name in expiry[Family(name)].map(ExpiryFilter.init) }
    let perFamily = zip(names, filters).map { name, filter -> OpaquePointer? in
        let own = rocksdb_options_create_copy(made)
        if let bytes = options.familyWriteBufferBytes[Family(name)] {
            rocksdb_options_set_write_buffer_size(own, bytes)
        }
        if let filter { rocksdb_options_set_compaction_filter(own, filter.pointer) }
        return own
    }
    defer { for own in perFamily { rocksdb_options_destroy(own) } }
    var handles = [OpaquePointer?](repeating: nil, count: names.count)
    var failure: UnsafeMutablePointer<CChar>?
    let library = rocksdb_open_column_families(
        made, directory, Int32(names.count), pointers, perFamily, &handles, &failure)
    try check(failure, at: directory)
    guard let library else { throw StorageError(.io, "\(directory) could not be opened") }
    var byName: [Family: OpaquePointer] = [:]
    for (name, handle) in zip(names, handles) { byName[Family(name)] = handle }
    return OpenedRocksDB(
        library: library, families: byName, filters: filters.compactMap(\.self))
}

/// The families a directory has; none if there is no database in it yet.
private func existingFamilies(_ directory: String, _ options: OpaquePointer) -> [String] {
    var count = 0
    var failure: UnsafeMutablePointer<CChar>?
    let list = rocksdb_list_column_families(options, directory, &count, &failure)
    // A directory without a database is not an error here; a broken one fails when it is opened.
    if let failure {
        rocksdb_free(failure)
        return []
    }
    guard let list else { return [] }
    defer { rocksdb_list_column_families_destroy(list, count) }
    return (0..<count).compactMap { list[$0].map { String(cString: $0) } }
}

/// Throws, and frees, the message that a call of the C API left.
func check(
    _ failure: UnsafeMutablePointer<CChar>?, at directory: String? = nil
) throws(StorageError) {
    guard let failure else { return }
    let message = String(cString: failure)
    rocksdb_free(failure)
    throw StorageError(code(of: message), directory.map { "\($0): \(message)" } ?? message)
}

/// RocksDB's C API gives an error as text only; these are the texts of 7.8.
private func code(of message: String) -> StorageError.Code {
    if message.contains("lock hold by current process") || message.contains("While lock file") {
        return .locked
    }
    if message.contains("No space left") || message.contains("NoSpace")
        || message.contains("Disk quota exceeded")
    {
        return .full
    }
    if message.hasPrefix("Corruption") || message.contains(": Corruption") { return .corrupt }
    return .io
}

func makeDirectories(_ path: String) throws(StorageError) {
    var partial = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
        partial += component
        guard mkdir(partial, 0o750) == 0 || errno == EEXIST else {
            let reason = String(cString: strerror(errno))
            throw StorageError(.io, "cannot create the directory \(partial): \(reason)")
        }
        partial += "/"
    }
}

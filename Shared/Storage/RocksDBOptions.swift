internal import CRocksDB

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How much memory and how many threads a ``RocksDBStore`` takes. The defaults suit two cores.
public struct RocksDBOptions: Sendable {
    /// Blocks of all families kept decompressed in memory.
    public var blockCacheBytes = 64 << 20
    /// A family's rows in memory before they become a file.
    public var writeBufferBytes = 32 << 20
    /// When the write-ahead logs exceed this, the family that holds back the oldest is written out.
    public var maximumLogBytes = 256 << 20
    /// Threads for flushes and compactions together.
    public var backgroundJobs = 2
    /// What flushes and compactions write at most, so that none takes a core or the disk at once.
    public var backgroundBytesPerSecond = (32 << 20) * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    /// What must be free on the disk for a write to be tried; below it writes fail with `.full`. RocksDB
    /// needs room for files that it makes in the background, and ends the process when it has none.
    public var reservedBytes: UInt64 = 0
    /// The same as ``writeBufferBytes``, for families that need another.
    public var familyWriteBufferBytes: [Family: Int] = [:]

    public init() {}

    /// Options for the database and for each of its families alike.
    func make() -> OpaquePointer? {
        guard let options = rocksdb_options_create() else { return nil }
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_create_missing_column_families(options, 1)
        rocksdb_options_set_paranoid_checks(options, 1)
        // A torn last write ends the log there; everything synced lies before it.
        rocksdb_options_set_wal_recovery_mode(
            options, Int32(rocksdb_point_in_time_recovery))
        rocksdb_options_set_max_background_jobs(options, Int32(clamping: backgroundJobs))
        rocksdb_options_set_write_buffer_size(options, writeBufferBytes)
        rocksdb_options_set_max_write_buffer_number(options, 3)
        // Most reads ask for a key that is not there: whether an id was used before.
        rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, 0.02)
        rocksdb_options_set_memtable_whole_key_filtering(options, 1)
        rocksdb_options_set_max_total_wal_size(options, UInt64(clamping: maximumLogBytes))
        rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
        rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
        // Spreads write-back, so that no sync has to wait for a whole file of a compaction.
        rocksdb_options_set_bytes_per_sync(options, 1 << 20)
        rocksdb_options_set_wal_bytes_per_sync(options, 1 << 20)
        setBackground(options)
        rocksdb_options_set_keep_log_file_num(options, 4)
        rocksdb_options_set_info_log_level(options, 2)
        setTable(options)
        return options
    }

    /// Compactions run when nobody else wants the processor; flushes do not wait, since writes wait
    /// for them in the end. Both are held to a rate.
    private func setBackground(_ options: OpaquePointer) {
        if let environment = rocksdb_create_default_env() {
            rocksdb_env_lower_thread_pool_cpu_priority(environment)
            rocksdb_env_destroy(environment)
        }
        let limiter = rocksdb_ratelimiter_create(Int64(backgroundBytesPerSecond), 10_000, 10)
        rocksdb_options_set_ratelimiter(options, limiter)
        // The options keep a reference of their own.
        rocksdb_ratelimiter_destroy(limiter)
    }

    private func setTable(_ options: OpaquePointer) {
        let table = rocksdb_block_based_options_create()
        let cache = rocksdb_cache_create_lru(blockCacheBytes)
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_filter_policy(
            table, rocksdb_filterpolicy_create_bloom_full(10))
        rocksdb_block_based_options_set_format_version(table, 5)
        rocksdb_options_set_block_based_table_factory(options, table)
        // The table factory keeps its own references.
        rocksdb_cache_destroy(cache)
        rocksdb_block_based_options_destroy(table)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::var("IRIS_PROTO_FOLDER")?;
    println!("cargo:rerun-if-env-changed=IRIS_PROTO_FOLDER");
    println!("cargo:rerun-if-changed={folder}");
    let files = protox::compile(["witan.lock.proto"], [folder])?;
    tonic_build::configure().build_server(false).compile_fds(files)?;
    Ok(())
}

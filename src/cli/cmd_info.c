/* info and version. Their text is a template of the same object that --format sees. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/git_commit.h"
#include "cli/listing.h"
#include "cli/system_info.h"
#include "runtime/spec.h"

static const char info_text[] =
    "Containers: {{.Containers}}\n"
    " Running: {{.ContainersRunning}}\n"
    " Stopped: {{.ContainersStopped}}\n"
    "Images: {{.Images}}\n"
    "Version: {{.ServerVersion}}\n"
    "Storage Driver: {{.Driver}}\n"
    "Logging Driver: {{.LoggingDriver}}\n"
    "Cgroup Driver: {{.CgroupDriver}}\n"
    "Cgroup Version: {{.CgroupVersion}}\n"
    "Cgroup Layout: {{.Sampan.CgroupLayout}}\n"
    "{{with .Sampan.CgroupControllersV1}} Version 1: {{join . \" \"}}\n{{end}}"
    "{{with .Sampan.CgroupControllersV2}} Version 2: {{join . \" \"}}\n{{end}}"
    "Networks: {{.Sampan.Networks}}\n"
    " Drivers: {{join .Plugins.Network \" \"}}\n"
    " Default: {{.Sampan.DefaultNetwork}}\n"
    " Published Ports: {{if eq .Sampan.PublishedPorts \"open\"}}open{{else}}obey the host's input rules{{end}}, "
    "by default at {{if eq .Sampan.PublishAddress \"all\"}}all addresses{{else}}{{.Sampan.PublishAddress}}{{end}}\n"
    "{{with .Sampan.Etcd}} Overlay by etcd: {{join . \" \"}}\n{{end}}"
    "Security Options:\n"
    "{{range .SecurityOptions}} {{index (split (index (split . \",\") 0) \"=\") 1}}\n{{end}}"
    "Kernel Version: {{.KernelVersion}}\n"
    "Kernel Features:\n"
    "{{range $name, $has := .Sampan.KernelFeatures}} {{$name}}: {{if $has}}yes{{else}}no{{end}}\n{{end}}"
    "Operating System: {{.OperatingSystem}}\n"
    "OSType: {{.OSType}}\n"
    "Architecture: {{.Architecture}}\n"
    "CPUs: {{.NCPU}}\n"
    "Total Memory: {{.Sampan.Memory}}\n"
    "Name: {{.Name}}\n"
    "Root Dir: {{.DockerRootDir}}\n"
    "Run Root Dir: {{.Sampan.RunRootDir}}";

static const char version_text[] = "Version:            {{.Version}}\n"
                                   "{{with .GitCommit}}Git commit:         {{.}}\n{{end}}"
                                   "OCI specification:  {{.OciSpecification}}\n"
                                   "OS/Arch:            {{.Os}}/{{.Arch}}\n"
                                   "Kernel:             {{.KernelVersion}}\n"
                                   "Kernel has:         {{join .KernelHas \", \"}}"
                                   "{{with .KernelLacks}}\nKernel lacks:       {{join . \", \"}}{{end}}";

static void print_warnings(json_object *info)
{
    json_object *warnings = json_get(info, "Warnings");

    for (size_t i = 0; warnings && i < json_object_array_length(warnings); i++)
        dprintf(STDERR_FILENO, "WARNING: %s\n", json_object_get_string(json_object_array_get_idx(warnings, i)));
}

static int info(struct cli *cli, const char *format, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_json_ json_object *o = NULL;
    int r = cli_engine(cli, &engine, e);

    if (r == 0)
        r = system_info(&engine, &o, e);
    if (r == 0)
        r = listing_print_one(o, format ? format : info_text, e);
    if (r == 0 && !format)
        print_warnings(o);
    return r;
}

int cmd_info(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_free_ char *format = NULL;
    const struct option_def options[] = {
        {"format", 'f', OPT_STRING, &format, "string", "Print by a template, or as json", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("info", options, argc, argv, 0, 0, 0, &args, e);

    cli->engine.read_only = true;
    return r != 0 ? (r < 0 ? r : 0) : info(cli, format, e);
}

/* ---- version: needs neither the engine nor root ---- */

static void add_features(json_object *o)
{
    json_object *has = json_add_array(o, "KernelHas"), *lacks = json_add_array(o, "KernelLacks");
    _cleanup_json_ json_object *features = system_info_features();

    json_object_object_foreach(features, name, is_there)
    {
        json_object_array_add(json_object_get_boolean(is_there) ? has : lacks, json_object_new_string(name));
    }
}

static json_object *version(void)
{
    json_object *o = json_object_new_object(), *machine = json_object_new_object();

    system_info_machine(machine);
    json_add_str(o, "Version", SAMPAN_VERSION);
    json_add_str(o, "GitCommit", GIT_COMMIT);
    json_add_str(o, "OciSpecification", SPEC_OCI_VERSION);
    json_add_str(o, "Os", "linux");
    json_add_str(o, "Arch", json_object_get_string(json_get(machine, "Architecture")));
    json_add_str(o, "KernelVersion", json_object_get_string(json_get(machine, "KernelVersion")));
    add_features(o);
    json_object_put(machine);
    return o;
}

int cmd_version(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_free_ char *format = NULL;
    const struct option_def options[] = {
        {"format", 'f', OPT_STRING, &format, "string", "Print by a template, or as json", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("version", options, argc, argv, 0, 0, 0, &args, e);

    (void)cli;
    if (r != 0)
        return r < 0 ? r : 0;
    o = version();
    return listing_print_one(o, format ? format : version_text, e);
}

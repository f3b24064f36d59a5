# package.tcl - packages one unit as a Vitis RTL kernel: run by Vivado in batch mode, for fpga/vitis/build.
#
# vivado -mode batch -nolog -nojournal -source package.tcl -tclargs RTL MADE KERNEL PART
#   RTL     the folder of the modules (fpga/rtl)
#   MADE    the folder with registers.svh, KERNEL.v and KERNEL.xml; KERNEL.xo goes there, too
#   KERNEL  sluice_u16 or sluice_u32
#   PART    the card's FPGA, xcu55c-fsvh2892-2L-e

if {[llength $argv] != 4} {
	puts stderr "usage: package.tcl RTL MADE KERNEL PART"
	exit 2
}
lassign $argv rtl made kernel part
set project [file join $made project_$kernel]
set packaged [file join $made ip_$kernel]
set masters {m_axi_payload m_axi_record m_axi_table}

file delete -force $project $packaged [file join $made $kernel.xo]
create_project -force $kernel $project -part $part
add_files -norecurse [concat [lsort [glob [file join $rtl *.sv]]] [list [file join $made registers.svh] [file join $made $kernel.v]]]
set_property file_type {Verilog Header} [get_files registers.svh]
set_property top $kernel [current_fileset]
update_compile_order -fileset sources_1

ipx::package_project -root_dir $packaged -vendor sluice -library kernel -taxonomy /KernelIP -import_files -force
set core [ipx::current_core]
set_property name $kernel $core
set_property version 1.0 $core
set_property core_revision 1 $core
foreach parameter [ipx::get_user_parameters -of_objects $core] {
	ipx::remove_user_parameter [get_property NAME $parameter] $core
}

# One clock drives all interfaces; the platform sets its frequency, so none may stand in the kernel.
foreach port [concat s_axi_control $masters] {
	ipx::associate_bus_interfaces -busif $port -clock ap_clk $core
}
ipx::associate_bus_interfaces -clock ap_clk -reset ap_rst_n $core
foreach clock [ipx::get_bus_interfaces ap_clk -of_objects $core] {
	foreach frequency [ipx::get_bus_parameters FREQ_HZ -of_objects $clock] {
		ipx::remove_bus_parameter [get_property NAME $frequency] $clock
	}
}
# Only whole words, incrementing.
foreach port $masters {
	set bus [ipx::get_bus_interfaces $port -of_objects $core]
	foreach {name value} {HAS_BURST 0 SUPPORTS_NARROW_BURST 0} {
		set_property value $value [ipx::add_bus_parameter $name $bus]
	}
}

set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set_property ipi_drc {ignore_freq_hz true} $core
set_property vitis_drc {ctrl_protocol ap_ctrl_hs} $core
set_property supported_families {} $core
set_property auto_family_support_level level_2 $core
ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity -kernel $core
ipx::save_core $core

package_xo -force -xo_path [file join $made $kernel.xo] -kernel_name $kernel -ip_directory $packaged -kernel_xml [file join $made $kernel.xml]
close_project

"""Parts of the programs that build the reference appliance and boot it in a virtual machine."""
